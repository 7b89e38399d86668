"""
Decisions in the files in which a team decides already; of an existing file the rest stays as it is.

Every writer takes the file's present text and gives its next one, so that a difference can be
shown first, and writing twice changes nothing more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

import msgspec

from suffice.errors import UnfitEdit
from suffice.records import ModelSpec, parse_model_spec

BEGIN = "# suffice: begin (written by `suffice export`; the lines to `end` are replaced)"
END = "# suffice: end"

_NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MODEL_LIST = re.compile(r"^model_list:(?P<rest>[^\n]*)\n?", re.MULTILINE)
_ITEM = re.compile(r"^(?P<indent> *)- ", re.MULTILINE)
_NAMES = re.compile(r"^ *(?:- )? *model_name: *(?P<name>[^\n#]+)", re.MULTILINE)
_BLOCK = re.compile(
    rf"^(?P<indent>[ ]*){re.escape(BEGIN)}\n.*?^[ ]*{re.escape(END)}\n", re.MULTILINE | re.DOTALL
)


class _Map(msgspec.Struct):
    models: dict[str, str] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """
    A type that a cheaper model may take.

    Attributes:
        type: The request type.
        baseline: The model in use.
        candidate: The one that suffices, with its settings.
        run: The comparison that says so.
        pairs: Scored pairs behind it.
        sentence: What it says; empty where nothing.
    """

    type: str
    baseline: str
    candidate: str
    run: str = ""
    pairs: int = 0
    sentence: str = ""

    @property
    def spec(self) -> ModelSpec:
        """The candidate, taken apart."""
        return parse_model_spec(self.candidate)

    @property
    def plain_model(self) -> str:
        """
        The candidate's id.

        Raises:
            UnfitEdit: It carries settings, and the id alone would be another candidate.
        """
        if self.spec.settings:
            raise UnfitEdit(
                f"{self.type}: {self.candidate} carries settings that this form cannot say.",
                effect="Nothing was written.",
                next_step="Export it --as policy-json, or leave the type to the gateway.",
            )
        return self.spec.model


def model_map(decisions: Sequence[Decision]) -> str:
    """
    A plain map from types to models, as JSON with what each rests on.

    >>> json.loads(model_map([Decision(type="triage", baseline="a", candidate="b")]))["models"]
    {'triage': 'b'}
    """
    document = {
        "schema": "suffice.model_map",
        "version": 1,
        "models": {one.type: one.candidate for one in decisions},
        "evidence": {
            one.type: {"instead_of": one.baseline, "run": one.run, "pairs": one.pairs}
            for one in decisions
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def env_lines(existing: str, decisions: Sequence[Decision]) -> str:
    r"""
    Lines such as ``SUFFICE_MODEL_TRIAGE=...``; a line of that name is replaced, others stay.

    Raises:
        UnfitEdit: Two types would have one name, or a candidate carries settings.

    >>> env_lines("A=1\n", [Decision(type="ticket-triage", baseline="a", candidate="b")])
    'A=1\nSUFFICE_MODEL_TICKET_TRIAGE=b\n'
    """
    wanted: dict[str, Decision] = {}
    for one in decisions:
        name = variable(one.type)
        if name in wanted:
            raise UnfitEdit(
                f"{one.type} and {wanted[name].type} would both be {name}.",
                effect="Nothing was written.",
                next_step="Name one of the two types alone.",
            )
        wanted[name] = one
    lines = {_env_line(name): f"{name}={one.plain_model}" for name, one in wanted.items()}

    def written(text: str) -> str:
        for pattern, line in lines.items():
            if pattern.search(text):
                text = pattern.sub(lambda found, line=line: found["export"] + line, text)  # type: ignore[misc]
            else:
                text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
        return text

    return _with_its_line_ends(existing, written)


def _env_line(name: str) -> re.Pattern[str]:
    return re.compile(rf"^(?P<export>(?:export )?){re.escape(name)}=[^\r\n]*", re.MULTILINE)


def variable(request_type: str) -> str:
    """
    The variable of a type.

    >>> variable("mail/refunds v2")
    'SUFFICE_MODEL_MAIL_REFUNDS_V2'
    """
    return "SUFFICE_MODEL_" + re.sub(r"[^A-Z0-9]+", "_", request_type.upper()).strip("_")


def litellm_config(existing: str, decisions: Sequence[Decision]) -> str:
    """
    A LiteLLM configuration in which each type is a model group, served by its candidate.

    Callers then ask for the type by its name. The entries stand in a block of their own within
    ``model_list``; everything else stays byte for byte.

    Raises:
        UnfitEdit: ``model_list`` is written in a way nothing can be added to, a group of that name
            is there already, or a candidate carries settings.
    """
    return _with_its_line_ends(existing, lambda text: _with_groups(text, decisions))


def _with_groups(existing: str, decisions: Sequence[Decision]) -> str:
    text = _BLOCK.sub("", existing)
    taken = {_unquoted(found["name"]) for found in _NAMES.finditer(text)}
    for one in decisions:
        if one.type in taken:
            raise UnfitEdit(
                f"model_list has a group {one.type!r} already.",
                effect="Nothing was written.",
                next_step="Rename that group, or leave the type out.",
            )
    found = _MODEL_LIST.search(text)
    if found is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}model_list:\n{_litellm_block(decisions, indent='  ')}"
    rest = found["rest"].split("#")[0].strip()
    if rest:
        raise UnfitEdit(
            f"model_list is written on one line ({rest[:30]}).",
            effect="Nothing was written.",
            next_step="Write its entries on lines of their own, each beginning with a dash.",
        )
    item = _ITEM.match(text, found.end())
    block = _litellm_block(decisions, indent=item["indent"] if item else "  ")
    head = text[: found.end()]
    return f"{head}{'' if head.endswith(chr(10)) else chr(10)}{block}{text[found.end() :]}"


def named_in_map(existing: str, request_type: str) -> bool:
    """Whether a map of `model_map` names a type; one that cannot be read names none."""
    try:
        document = msgspec.json.decode(existing, type=_Map)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return request_type in document.models


def named_in_env(existing: str, request_type: str) -> bool:
    r"""
    Whether a type has its line.

    >>> named_in_env("export SUFFICE_MODEL_TRIAGE=b\r\n", "triage")
    True
    """
    return _env_line(variable(request_type)).search(existing) is not None


def named_in_litellm(existing: str, request_type: str) -> bool:
    """Whether a type has its group in the block that `litellm_config` writes."""
    block = _BLOCK.search(existing.replace("\r\n", "\n"))
    if block is None:
        return False
    return request_type in {_unquoted(found["name"]) for found in _NAMES.finditer(block[0])}


def _with_its_line_ends(existing: str, write: Callable[[str], str]) -> str:
    r"""
    Let a writer that knows ``\n`` alone change a text whose lines all end with ``\r\n``.

    >>> _with_its_line_ends("a\r\n", lambda text: text + "b\n")
    'a\r\nb\r\n'
    """
    if "\r\n" not in existing or existing.count("\n") != existing.count("\r\n"):
        return write(existing)
    return write(existing.replace("\r\n", "\n")).replace("\n", "\r\n")


def _litellm_block(decisions: Sequence[Decision], *, indent: str) -> str:
    lines = [BEGIN]
    for one in decisions:
        lines += [
            f"- model_name: {_json(one.type).decode()}",
            "  litellm_params:",
            f"    model: {_json('anthropic/' + one.plain_model).decode()}",
            "    api_key: os.environ/ANTHROPIC_API_KEY",
        ]
    lines.append(END)
    return "".join(f"{indent}{line}\n" for line in lines)


def _json(text: str) -> bytes:
    """A JSON string, which is a YAML string too: what YAML takes for a line end is escaped."""
    plain = msgspec.json.encode(text).decode()
    return _NO_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", plain).encode()


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")
