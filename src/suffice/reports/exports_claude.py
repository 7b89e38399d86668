"""
Decisions in a coding agent's settings and sub-agent files; every other byte stays as it is.

As in `suffice.reports.exports`, a writer takes a file's present text and gives its next one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from suffice.errors import UnfitEdit
from suffice.policy.splice import Edit, splice
from suffice.records import parse_model_spec
from suffice.reports.exports import Decision

ALIASES = {
    "opus": "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "sonnet": "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "haiku": "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "subagents": "CLAUDE_CODE_SUBAGENT_MODEL",
}
"""Places of a coding agent's settings that are variables, by a short name."""

_FIELD = re.compile(r"^(model|effort):[ \t]*([^\r\n#]*?)[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_EFFORT = re.compile(r"^effort:[^\r\n]*\r?\n", re.MULTILINE)
_FRONT = re.compile(
    r"\A---[ \t]*\r?\n(?P<fields>.*?)^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)


class _Settings(msgspec.Struct):
    model: str = ""
    env: dict[str, str] = {}


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
        Edit(
            ("model",) if place == "main" else ("env", ALIASES[place]),
            "set",
            msgspec.json.encode(model),
        )
        for place, model in models.items()
    ]
    if "env" not in document and any(edit.path[0] == "env" for edit in changes):
        inner = {str(edit.path[1]): edit.value for edit in changes if edit.path[0] == "env"}
        body = b",".join(msgspec.json.encode(name) + b":" + value for name, value in inner.items())
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


def _with_field(fields: str, name: str, value: str) -> str:
    line = re.compile(rf"^({name}:[ \t]*)[^\r\n]*?([ \t]*)(\r?)$", re.MULTILINE)
    if line.search(fields):
        return line.sub(lambda found: f"{name}: {value}{found[3]}", fields, count=1)
    ending = "\r\n" if fields.endswith("\r\n") else "\n"
    return f"{fields}{name}: {value}{ending}"
