"""Which type a request is of: learnt from a sample, then a pure lookup, online as offline."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from suffice.traffic.types.changes import Change, Changes
from suffice.traffic.types.learning import Lines, Text, UnitOf, best_relative, learn_app
from suffice.traffic.types.naming import propose
from suffice.traffic.types.shapes import Shape, rest_key
from suffice.traffic.types.template import Template, skeleton, template_key
from suffice.traffic.types.units import canonical, lines_of

TypeName = str
SCHEMA = "suffice.types"
NEW = "new-"
TAG = "tag:"
_MOST_KEPT_CHARS = 16 * 2**20
_MOST_KEPT = 8192
_MOST_APPS = 50


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    The type of one request.

    Attributes:
        name: What the type is called now, after renaming and merging.
        key: The hash of the version it is; a change of the prompt changes it.
        known: False for a shape nobody has seen: a new type, without a decision.
        related: The name of the type it seems to be a version of; empty without one.
        related_key: The template that says so, where the shape is new.
        settled: Whether it stays what it is, whatever is learnt beside it.
    """

    name: TypeName
    key: str
    known: bool = True
    related: str = ""
    related_key: str = ""
    settled: bool = False


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt at one time; later layers are asked only for what no earlier one knows."""

    lines: dict[str, Lines] = {}
    openings: dict[str, Lines] = {}
    templates: tuple[Template, ...] = ()


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """All that an index is made of, as it is written to a file."""

    schema: str = SCHEMA
    version: int = 1
    layers: tuple[Layer, ...] = ()
    names: dict[str, str] = {}
    changes: tuple[Change, ...] = ()


class TypeIndex:
    r"""
    Says of each request which type it is of.

    What it says depends on the learnt data and the shape alone: not on what was asked before, nor
    on whether it is asked in a gateway or over a log. It never says that a shape is of a type
    when a line stands in it that no request of that type had, except where they differed anyway.

    Args:
        learnt: As `learn` or `from_bytes` made it.

    >>> tickets = [Shape(system=f"Sort the ticket.\nToday: {day}.") for day in range(8)]
    >>> index = TypeIndex.learn(tickets)
    >>> index.type_of(Shape(system="Sort the ticket.\nToday: 99."))
    'sort-ticket-today'
    >>> index.find(Shape(system="Sort the mail.\nToday: 99.")).known
    False
    """

    def __init__(self, learnt: Learnt | None = None) -> None:
        self.learnt = learnt or Learnt()
        self._changes = Changes(self.learnt.changes)
        self._layers: list[_Reading] = []
        for layer in self.learnt.layers:
            self._layers.append(_Reading(layer, self._layers[-1] if self._layers else None))
        self._names = self.learnt.names
        self._units = {
            template.key: template for layer in self.learnt.layers for template in layer.templates
        }
        self._apps = {app for layer in self.learnt.layers for app in layer.lines}
        self.split_keys = self._changes.split_keys(self._names)
        self._found: dict[tuple[str, str, bytes, bytes, str, str], Found] = {}
        self._kept_chars = 0

    @classmethod
    def learn(cls, sample: Iterable[Shape], *, base: TypeIndex | None = None) -> TypeIndex:
        """
        Learn the types of a sample; those that ``base`` knows keep their keys and names.

        Args:
            sample: Shapes, drawn at random where there are many; read once.
            base: What was learnt before.
        """
        base = base or cls()
        texts: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        openings: defaultdict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
        for shape in sample:
            if shape.tag:
                continue
            found = base.find(shape)
            if not found.known and found.key in base.split_keys:
                app = base._units[found.key].app  # noqa: SLF001 - of its own kind
                openings[app][rest_key(shape), shape.opening, found.key] += 1
            elif not found.known:
                texts[shape.app][rest_key(shape), shape.system] += 1
        layer = _learn_layer(texts, openings, base._layers[-1] if base._layers else None)  # noqa: SLF001 - of its own kind
        if not layer.templates:
            return base
        names = dict(base.learnt.names)
        names |= propose(layer.templates, taken=set(names.values()))
        return cls(
            msgspec.structs.replace(base.learnt, layers=(*base.learnt.layers, layer), names=names)
        )

    def type_of(self, shape: Shape) -> TypeName:
        """The name of the request's type; see `find`."""
        return self.find(shape).name

    def find(self, shape: Shape) -> Found:
        """
        The request's type and which version of it: its tag where it has one, else its template.

        A shape that no template fits is a new type, named by its own hash.
        """
        if shape.tag:
            return self.called(TAG + shape.tag)
        found = self._before_opening(shape)
        return self._read_opening(shape, found) if found.key in self.split_keys else found

    def reads_opening(self, shape: Shape) -> bool:
        """Whether its type was split, so that its first user turn says more than its prompt."""
        return not shape.tag and self._before_opening(shape).key in self.split_keys

    def _before_opening(self, shape: Shape) -> Found:
        asked = (
            shape.app,
            shape.system,
            shape.tools,
            shape.output_format,
            shape.tool_choice,
            shape.roles,
        )
        found = self._found.get(asked)
        if found is None:
            found = self._read(shape)
            self._keep(asked, found, len(shape.system) + len(shape.tools))
        return found

    def called(self, key: str, *, known: bool = True, related_key: str = "") -> Found:
        """
        What was found of shapes with this key, as types are called now.

        Args:
            key: Of a type that was found before: a tag's, a template's, or a new shape's.
            known: As it was found.
            related_key: As it was found.
        """
        if key.startswith(TAG):
            return Found(name=self._changes.final(key.removeprefix(TAG)), key=key, settled=True)
        if known or key in self.split_keys:
            template = self._units[key]
            related = self._name_of(template.opening or template.related)
            name = self._name_of(key)
            return Found(name=name, key=key, known=known, related=related, settled=known)
        return Found(
            name=self._changes.final(NEW + key[:8]),
            key=key,
            known=False,
            related=self._name_of(related_key),
            related_key=related_key,
        )

    def template(self, key: str) -> Template | None:
        """The template with this key, to show it."""
        return self._units.get(key)

    def names(self) -> dict[str, list[Template]]:
        """Every known type's name with its versions."""
        found: dict[str, list[Template]] = {}
        for key, name in self._names.items():
            found.setdefault(self._changes.final(name), []).append(self._units[key])
        return found

    @property
    def changes(self) -> Changes:
        """What people decided about types, as far as it holds."""
        return self._changes

    def changed(self, change: Change, *, also: Collection[str] = ()) -> TypeIndex:
        """
        The index after somebody renamed, merged, split or pinned a type; the change is kept.

        Args:
            change: What they did.
            also: Names of types that were not learnt: callers' own tags, and what is new.

        Raises:
            BadOption: There is no such type, or the change makes no sense.
        """
        self._changes.check(change, known={*self.names(), *also})
        return TypeIndex(
            msgspec.structs.replace(self.learnt, changes=(*self.learnt.changes, change))
        )

    def to_bytes(self) -> bytes:
        """The index as JSON; the same index gives the same bytes."""
        return msgspec.json.encode(self.learnt, order="deterministic")

    @classmethod
    def from_bytes(cls, data: bytes) -> TypeIndex:
        """
        Read what `to_bytes` wrote.

        Raises:
            msgspec.DecodeError: It is no index.
        """
        return cls(msgspec.json.decode(data, type=Learnt))

    def _read(self, shape: Shape) -> Found:
        rest = rest_key(shape)
        for layer in self._layers:
            key = layer.key_of(shape.app, rest, shape.system)
            if key:
                return self.called(key)
        if key := self._of_another_app(shape, rest):
            return msgspec.structs.replace(self.called(key), settled=False)
        text = "\n".join(canonical(line) for line in lines_of(shape.system))
        return self._new(shape.app, rest, text)

    def _of_another_app(self, shape: Shape, rest: str) -> str:
        """
        The template of the one other application whose prompt this is; empty unless it is one.

        A log names the application by its key's name; the same request on its way may name none.
        """
        found: set[str] = set()
        for app in sorted(self._apps - {shape.app})[:_MOST_APPS]:
            keys = (layer.key_of(app, rest, shape.system) for layer in self._layers)
            found.add(next(filter(None, keys), ""))
        found.discard("")
        return found.pop() if len(found) == 1 else ""

    def _read_opening(self, shape: Shape, found: Found) -> Found:
        rest = rest_key(shape)
        for layer in self._layers:
            key = layer.key_of(self._units[found.key].app, rest, shape.opening, opening=found.key)
            if key:
                return msgspec.structs.replace(self.called(key), settled=found.settled)
        return self.called(found.key, known=False)

    def _name_of(self, key: str) -> TypeName:
        """What a template's type is called now; empty where there is no such template."""
        name = self._names.get(key, "")
        return self._changes.final(name) if name else ""

    def _new(self, app: str, rest: str, text: str) -> Found:
        related = ""
        for layer in reversed(self._layers):
            related = related or layer.relative(app, text)
        return self.called(template_key(app, rest, text), known=False, related_key=related)

    def _keep(
        self, asked: tuple[str, str, bytes, bytes, str, str], found: Found, chars: int
    ) -> None:
        """Remember an answer; when there are too many, begin anew, so that memory has an end."""
        if len(self._found) >= _MOST_KEPT or self._kept_chars > _MOST_KEPT_CHARS:
            self._found.clear()
            self._kept_chars = 0
        self._found[asked] = found
        self._kept_chars += chars


class _Reading:
    """One layer, ready to be asked."""

    def __init__(self, layer: Layer, earlier: _Reading | None) -> None:
        self._layer, self._earlier = layer, earlier
        self._lines = {
            app: lines.reader(earlier.reader(app) if earlier else None)
            for app, lines in layer.lines.items()
        }
        self._openings = {
            app: lines.reader(earlier.reader(app, openings=True) if earlier else None)
            for app, lines in layer.openings.items()
        }
        self._by_units = {
            (found.app, found.rest, found.opening, found.units): found for found in layer.templates
        }
        self._by_app: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for found in layer.templates:
            if not found.exact:
                self._by_app[found.app][found.key] = found.units

    def reader(self, app: str, *, openings: bool = False) -> UnitOf | None:
        """How this layer, and those before it, read a line of an application."""
        mine = (self._openings if openings else self._lines).get(app)
        if mine is None and self._earlier is not None:
            return self._earlier.reader(app, openings=openings)
        return mine

    def remembered(self, app: str, *, openings: bool = False) -> UnitOf | None:
        """As `reader`, for learning more: what was forgotten may be learnt again."""
        earlier = self._earlier.remembered(app, openings=openings) if self._earlier else None
        lines = (self._layer.openings if openings else self._layer.lines).get(app)
        return earlier if lines is None else lines.reader(earlier, learning=True)

    def key_of(self, app: str, rest: str, text: str, *, opening: str = "") -> str:
        """The key of the template that fits; empty where none does."""
        unit_of = (self._openings if opening else self._lines).get(app)
        if unit_of is None:
            return ""
        lines = lines_of(text)
        units, gaps = skeleton(lines, unit_of)
        if not units:
            units, gaps = ("\n".join(map(canonical, lines)),), {}
        found = self._by_units.get((app, rest, opening, units))
        return found.key if found is not None and found.fits(gaps) else ""

    def relative(self, app: str, text: str) -> str:
        """The template that shares the most lines with a text that fits none."""
        unit_of = self._lines.get(app)
        if unit_of is None:
            return ""
        units, _ = skeleton(text.split("\n"), unit_of)
        return best_relative(units, self._by_app[app])


def _learn_layer(
    texts: Mapping[str, Counter[tuple[str, str]]],
    openings: Mapping[str, Counter[tuple[str, str, str]]],
    earlier: _Reading | None,
) -> Layer:
    lines: dict[str, Lines] = {}
    opened: dict[str, Lines] = {}
    templates: list[Template] = []
    for app, counted in sorted(texts.items()):
        lines[app], found = learn_app(
            app,
            [Text(rest, text, weight) for (rest, text), weight in counted.items()],
            earlier=earlier.remembered(app) if earlier else None,
        )
        templates += found
    for app, split in sorted(openings.items()):
        opened[app], found = learn_app(
            app,
            [Text(rest, text, weight, key) for (rest, text, key), weight in split.items()],
            earlier=earlier.remembered(app, openings=True) if earlier else None,
        )
        # What has no form of its own stays in the type that was split.
        found = tuple(template for template in found if not template.exact)
        templates += found
    return Layer(lines=lines, openings=opened, templates=tuple(templates))
