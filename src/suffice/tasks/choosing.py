"""Which of several tools a request calls for, and with what arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs
import msgspec

from suffice.errors import BadOption
from suffice.records import Answer
from suffice.tasks.calling import TaskCall
from suffice.tasks.job import Job, question
from suffice.tasks.outcome import Unresolved

_SYSTEM = """\
Choose the tool a request calls for. Say in one sentence why, then call that tool once, with \
arguments the request gives; never make one up. {nothing}{instructions}"""
_NOTHING = "Where no tool fits, or the request does not give what it needs, say so and call none."
_ALWAYS = "Always call a tool."
_ANYTHING: dict[str, Any] = {"type": "object"}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
# How models that know no tool calls write them, or models that know them slip.
_WRITTEN_OUT = re.compile(
    r"</?(?:tool|function|invoke)|[\"'](?:name|tool|function)[\"']\s*:\s*[\"'][\w-]+[\"']",
    re.IGNORECASE,
)
_MOST_TOKENS = 2_048


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to be called.

    Attributes:
        tool: The tool's name; None where none fits.
        input: Its arguments, which fit its schema; empty where none fits.
        reason: The model's own words; not checked, empty where it said none.
    """

    tool: str | None
    input: dict[str, Any]
    reason: str


@TaskCall
def choose_tool(
    query: str,
    tools: Iterable[Mapping[str, Any]],
    *,
    instructions: str | None = None,
    or_none: bool = True,
    model: str | None = None,
) -> Job[ToolChoice]:
    """
    The tool a request calls for, its arguments, and why; nothing is called here.

    The model is asked through its own tool calls; a call that is written out in its text is none,
    and no sign that no tool fits either. It is never forced to call (``tool_choice`` of
    ``any`` or ``tool``), because the largest models reject that: with ``or_none=False`` an
    answer without a call is told so once, and then the next model is asked.

    Args:
        query: The request.
        tools: As the Messages API takes them: ``name``, ``description``, ``input_schema``.
            Arguments are checked against the schema; without one, any object will do.
        instructions: What tells the tools apart, where their descriptions do not.
        or_none: The answer may be that no tool fits; else one has to be called.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        BadOption: No tool, one without a name or description, two of one name, a schema that
            cannot be used, or an empty query.

    >>> from suffice.tasks import Runner, using
    >>> from suffice.testing import answering
    >>> weather = {"name": "weather", "description": "the weather of a town"}
    >>> call = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"town": "Bonn"}}
    >>> models = answering(Answer(blocks=(call,)))
    >>> with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
    ...     found = choose_tool("Will it rain in Bonn?", [weather])
    >>> found.tool, found.input
    ('weather', {'town': 'Bonn'})
    """
    if not query.strip():
        raise _bad("There is no request to choose a tool for.")
    known = _tools(tools)
    checks = {one["name"]: _validator(one) for one in known}
    system = _SYSTEM.format(
        nothing=_NOTHING if or_none else _ALWAYS,
        instructions=f"\n\n{instructions.strip()}" if instructions else "",
    )

    def read(answer: Answer) -> ToolChoice | Unresolved:
        calls = [block for block in answer.blocks or () if block.get("type") == "tool_use"]
        if not calls and _is_written_out(answer.text, checks):
            detail = "A tool was called in words, not with a tool call."
            return Unresolved(reason="schema", detail=detail, text=answer.text)
        if not calls and or_none and answer.text.strip():
            return ToolChoice(tool=None, input={}, reason=answer.text.strip())
        if len(calls) != 1:
            detail = f"{len(calls)} tools were called." if calls else "No tool was called."
            return Unresolved(reason="schema", detail=detail, text=_shown(calls) or answer.text)
        return _read(calls[0], checks, reason=answer.text.strip())

    return Job(
        task="choose_tool",
        kind="tool-selection",
        prompt="\n".join((system, msgspec.json.encode(known, order="deterministic").decode())),
        request=question(
            system,
            query,
            max_tokens=_MOST_TOKENS,
            tools=known,
            tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        ),
        read=read,
        repairs=1,
        model=model,
    )


def _read(
    call: Mapping[str, Any], checks: Mapping[str, jsonschema_rs.Validator], *, reason: str
) -> ToolChoice | Unresolved:
    name, given = call.get("name"), call.get("input")
    if not isinstance(name, str) or name not in checks:
        return Unresolved(reason="out_of_set", detail=f"{name!r} is no tool.", text=_shown([call]))
    if not isinstance(given, dict):
        detail = f"The arguments of {name} are no object."
        return Unresolved(reason="schema", detail=detail, text=_shown([call]))
    error = next(iter(checks[name].iter_errors(given)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.instance_path)
        detail = f"The arguments of {name} do not fit its schema: {f'{where}: ' if where else ''}"
        said = error.message.split("\n", 1)[0].rstrip(".")
        return Unresolved(reason="schema", detail=f"{detail}{said}.", text=_shown([call]))
    return ToolChoice(tool=name, input=given, reason=reason)


def _is_written_out(text: str, names: Iterable[str]) -> bool:
    """Whether a text holds a call as JSON, as tags, or as code with arguments."""
    code = "|".join(rf"\b{re.escape(name)}\(\s*[^\s)]" for name in names)
    return bool(_WRITTEN_OUT.search(text) or re.search(code, text))


def _shown(calls: Iterable[Mapping[str, Any]]) -> str:
    """Calls as JSON lines, for a repair: the blocks themselves would demand results."""
    parts = [{"name": call.get("name"), "input": call.get("input")} for call in calls]
    return "\n".join(msgspec.json.encode(part).decode() for part in parts)


def _tools(tools: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    given = [] if isinstance(tools, Mapping) else list(tools)
    if not all(isinstance(one, Mapping) for one in given) or isinstance(tools, Mapping):
        raise _bad("Tools are a list of objects, each with its own name.")
    known = [{"input_schema": _ANYTHING, **one} for one in given]
    if not known:
        raise _bad("There is no tool to choose.")
    for one in known:
        name = one.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _bad(f"{name!r} is no name of a tool.")
        if not isinstance(one.get("description"), str) or not one["description"].strip():
            raise _bad(f"The tool {name!r} has no description, on which the choice rests.")
    if len({one["name"] for one in known}) < len(known):
        raise _bad("Two tools have the same name.")
    return known


def _validator(tool: Mapping[str, Any]) -> jsonschema_rs.Validator:
    schema = tool["input_schema"]
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise _bad(f"The input_schema of {tool['name']!r} describes no object.")
    try:
        return jsonschema_rs.validator_for(schema)
    except (jsonschema_rs.ValidationError, ValueError) as wrong:
        said = str(wrong).split("\n", 1)[0]
        raise _bad(f"The input_schema of {tool['name']!r} cannot be used: {said}.") from wrong


def _bad(what: str) -> BadOption:
    return BadOption(
        what,
        effect="Nothing was asked.",
        next_step="Give tools with name, description and, where they take any, an input_schema.",
    )
