"""
Decisions in the files in which a team decides already; of an existing file the rest stays as it is.

Every writer takes the file's present text and gives its next one, so that a difference can be
shown first, and writing twice changes nothing more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from suffice.errors import UnfitEdit
from suffice.policy.splice import Edit, splice
from suffice.records import ModelSpec, parse_model_spec

BEGIN = "# suffice: begin (written by `suffice export`; the lines to `end` are replaced)"
END = "# suffice: end"

ALIASES = {
    "opus": "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "sonnet": "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "haiku": "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "subagents": "CLAUDE_CODE_SUBAGENT_MODEL",
}
"""Places of a coding agent's settings that are variables, by a short name."""

_NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MODEL_LIST = re.compile(r"^model_list:(?P<rest>[^\n]*)\n?", re.MULTILINE)
_ITEM = re.compile(r"^(?P<indent> *)- ", re.MULTILINE)
_NAMES = re.compile(r"^ *(?:- )? *model_name: *(?P<name>[^\n#]+)", re.MULTILINE)
_BLOCK = re.compile(
    rf"^(?P<indent>[ ]*){re.escape(BEGIN)}\n.*?^[ ]*{re.escape(END)}\n", re.MULTILINE | re.DOTALL
)
_FIELD = re.compile(r"^(model|effort):[ \t]*([^\r\n#]*?)[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_EFFORT = re.compile(r"^effort:[^\r\n]*\r?\n", re.MULTILINE)
_FRONT = re.compile(
    r"\A---[ \t]*\r?\n(?P<fields>.*?)^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)


class _Map(msgspec.Struct):
    models: dict[str, str] = {}


class _Settings(msgspec.Struct):
    model: str = ""
    env: dict[str, str] = {}


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


def claude_settings(existing: bytes, models: Mapping[str, str]) -> bytes:
    """
    A coding agent's ``settings.json`` with models set; every other byte stays.

    Args:
        existing: The file; empty where there is none.
        models: ``main`` or a name of `ALIASES` -> model id.

    Raises:
        UnfitEdit: The file is no JSON object, or its ``env`` is none.

    >>> claude_settings(b'{"theme": "dark"}', {"main": "claude-sonnet-5-5"})
    b'{"theme": "dark","model":"claude-sonnet-5-5"}'
    """
    if not existing.strip():
        env = {ALIASES[place]: model for place, model in models.items() if place != "main"}
        fresh: dict[str, Any] = {"model": models["main"]} if "main" in models else {}
        return (json.dumps({**fresh, **({"env": env} if env else {})}, indent=2) + "\n").encode()
    try:
        document = msgspec.json.decode(existing, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UnfitEdit(
            f"The settings are no JSON object: {error}.",
            effect="Nothing was written.",
            next_step="Correct the file, or export to another place.",
        ) from error
    changes = [
        Edit(("model",) if place == "main" else ("env", ALIASES[place]), "set", _json(model))
        for place, model in models.items()
    ]
    if "env" not in document and any(edit.path[0] == "env" for edit in changes):
        inner = {str(edit.path[1]): edit.value for edit in changes if edit.path[0] == "env"}
        body = b",".join(_json(name) + b":" + value for name, value in inner.items())
        changes = [edit for edit in changes if edit.path[0] != "env"]
        changes.append(Edit(("env",), "set", b"{" + body + b"}"))
    return splice(existing, changes)


def claude_model(existing: bytes, place: str) -> str:
    """
    Which model a place of ``settings.json`` names; empty where it names none.

    >>> claude_model(b'{"env": {"CLAUDE_CODE_SUBAGENT_MODEL": "claude-haiku-5-5"}}', "subagents")
    'claude-haiku-5-5'
    """
    try:
        document = msgspec.json.decode(existing, type=_Settings)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return document.model if place == "main" else document.env.get(ALIASES[place], "")


def agent_model(existing: str) -> str:
    r"""
    Which model a sub-agent's file names, with its effort; empty where it names none.

    >>> agent_model("---\nname: scout\nmodel: claude-opus-5-5\neffort: low\n---\n")
    'claude-opus-5-5:effort=low'
    """
    found = _FRONT.match(existing)
    if found is None:
        return ""
    fields: dict[str, str] = dict(_FIELD.findall(found["fields"]))
    effort = fields.get("effort", "")
    return fields.get("model", "") + (f":effort={effort}" if effort else "")


def agent_file(existing: str, decision: Decision, *, instead_of: str = "") -> str:
    r"""
    A sub-agent's file with its ``model`` (and ``effort``, where the candidate has one) set.

    Args:
        existing: The file.
        decision: What it is to say.
        instead_of: The model that was exported and is taken back; its effort goes with it.

    Raises:
        UnfitEdit: It has no front matter, or the candidate carries a setting it cannot say.

    >>> agent_file("---\nname: scout\n---\nLook.\n",
    ...            Decision(type="scout", baseline="a", candidate="claude-haiku-5-5"))
    '---\nname: scout\nmodel: claude-haiku-5-5\n---\nLook.\n'
    """
    found = _FRONT.match(existing)
    if found is None:
        raise UnfitEdit(
            f"The file of {decision.type} has no front matter.",
            effect="Nothing was written.",
            next_step="It begins with a line of three dashes, then `name:` and `description:`.",
        )
    spec = decision.spec
    unsayable = [name for name, _ in spec.settings if name != "effort"]
    if unsayable:
        raise UnfitEdit(
            f"{decision.type}: a sub-agent's file cannot say {', '.join(unsayable)}.",
            effect="Nothing was written.",
            next_step="Leave the type out, or let the gateway do it.",
        )
    fields = found["fields"]
    if instead_of and dict(parse_model_spec(instead_of).settings).keys() - dict(spec.settings):
        fields = _EFFORT.sub("", fields)
    for name, value in (("model", spec.model), *spec.settings):
        fields = _with_field(fields, name, value)
    return existing[: found.start("fields")] + fields + existing[found.end("fields") :]


def _with_its_line_ends(existing: str, write: Callable[[str], str]) -> str:
    r"""
    Let a writer that knows ``\n`` alone change a text whose lines all end with ``\r\n``.

    >>> _with_its_line_ends("a\r\n", lambda text: text + "b\n")
    'a\r\nb\r\n'
    """
    if "\r\n" not in existing or existing.count("\n") != existing.count("\r\n"):
        return write(existing)
    return write(existing.replace("\r\n", "\n")).replace("\n", "\r\n")


def _with_field(fields: str, name: str, value: str) -> str:
    line = re.compile(rf"^({name}:[ \t]*)[^\r\n]*?([ \t]*)(\r?)$", re.MULTILINE)
    if line.search(fields):
        return line.sub(lambda found: f"{name}: {value}{found[3]}", fields, count=1)
    ending = "\r\n" if fields.endswith("\r\n") else "\n"
    return f"{fields}{name}: {value}{ending}"


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
