"""A scorer by its name and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from suffice.errors import BadOption
from suffice.ports import Scorer
from suffice.records import Case
from suffice.scoring.assertions import AssertionScorer
from suffice.scoring.code_scorer import CodeScorer
from suffice.scoring.docstrings import DocstringScorer
from suffice.scoring.exact import ExactScorer
from suffice.scoring.json_compare import JsonRules
from suffice.scoring.json_scorer import JsonScorer
from suffice.scoring.labels import FAILS, LabelScorer
from suffice.scoring.learnt import Sample, learnt_labels
from suffice.scoring.literals import LiteralScorer
from suffice.scoring.numbers import NumberScorer
from suffice.scoring.similarity import SimilarityScorer, Threshold
from suffice.scoring.tool_scorer import ToolCallScorer
from suffice.scoring.user_scorers import load_scorer


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No options."""


class LabelOptions(msgspec.Struct, forbid_unknown_fields=True):
    """``labels``, ``aliases`` and ``outside`` of `LabelScorer`; labels given are all there are."""

    labels: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    outside: str | None = None


class NumberOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The tolerances of `NumberScorer`."""

    rel_tol: float = 1e-9
    abs_tol: float = 1e-12


class JsonOptions(JsonRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`JsonRules`, and what `JsonScorer` takes besides."""

    schema: dict[str, Any] | None = None
    strict: bool = True


class ToolOptions(msgspec.Struct, forbid_unknown_fields=True):
    """``names_only`` of `ToolCallScorer`."""

    names_only: bool = False


class CodeOptions(msgspec.Struct, forbid_unknown_fields=True):
    """``docstrings``: whether the task is to document the code."""

    docstrings: bool = False


class TextOptions(msgspec.Struct, forbid_unknown_fields=True):
    """``threshold``: as `calibrate_threshold` gives it."""

    threshold: Threshold | None = None


def _label(options: LabelOptions, cases: Sequence[Case], baseline: str | None) -> Scorer:
    labels = options.labels or learnt_labels(cases, baseline=baseline)
    usual = FAILS if options.labels else Sample(cases, baseline=baseline).outside
    return LabelScorer(labels, aliases=options.aliases, outside=options.outside or usual)


def _json(options: JsonOptions) -> Scorer:
    fields = {name: getattr(options, name) for name in JsonRules.__struct_fields__}
    return JsonScorer(JsonRules(**fields), schema=options.schema, strict=options.strict)


_PLAIN: dict[str, tuple[type, Callable[[Any], Scorer]]] = {
    "exact": (_Nothing, lambda _: ExactScorer()),
    "number": (NumberOptions, lambda o: NumberScorer(rel_tol=o.rel_tol, abs_tol=o.abs_tol)),
    "literal": (_Nothing, lambda _: LiteralScorer()),
    "json": (JsonOptions, _json),
    "tool_call": (ToolOptions, lambda o: ToolCallScorer(names_only=o.names_only)),
    "code": (CodeOptions, lambda o: DocstringScorer() if o.docstrings else CodeScorer()),
    "text": (TextOptions, lambda o: SimilarityScorer(o.threshold)),
    "assertions": (_Nothing, lambda _: AssertionScorer()),
}
SCORER_NAMES = tuple(sorted([*_PLAIN, "label"]))


def options_of(name: str) -> tuple[str, ...]:
    """
    The options a scorer takes.

    >>> options_of("number")
    ('rel_tol', 'abs_tol')
    """
    kind = LabelOptions if name == "label" else _PLAIN.get(name, (_Nothing, None))[0]
    return tuple(field.name for field in msgspec.structs.fields(kind))


def scorer_named(
    name: str,
    *,
    cases: Sequence[Case] = (),
    baseline: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Scorer:
    """
    Build a scorer.

    Args:
        name: One of `SCORER_NAMES`, an entry point's name, or a dotted path (see `load_scorer`).
        cases: What a label set may be learnt from, where ``options`` name none.
        baseline: Whose answers count as labels, where there are no references.
        options: What the documentation lists for that scorer, as read from a settings file.

    Raises:
        BadOption: An option the scorer does not have, or a value it cannot take.
        BrokenScorer: A user's scorer that cannot be loaded.

    >>> scorer_named("number", options={"abs_tol": 0.01}).name
    'number'
    """
    if name == "label":
        return _label(_options(name, LabelOptions, options), cases, baseline)
    if name in _PLAIN:
        kind, build = _PLAIN[name]
        return build(_options(name, kind, options))
    if name == "judge":
        raise BadOption(
            "The judge asks a model, so it cannot be built from its name alone.",
            effect="Nothing was scored.",
            next_step="Name the model that judges, one that is not on trial.",
        )
    if options:
        raise BadOption(f"The scorer {name} takes no options.")
    return load_scorer(name)


def _options(name: str, kind: type[Any], options: Mapping[str, Any] | None) -> Any:
    try:
        return msgspec.convert(dict(options or {}), kind)
    except msgspec.ValidationError as wrong:
        raise BadOption(
            f"Options of the scorer {name}: {wrong}.",
            effect="Nothing was scored.",
            next_step="The scorers' page of the documentation lists the options of each.",
        ) from wrong
