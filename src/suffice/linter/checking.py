"""One file's model calls held against what is known of their models."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from suffice.catalog import Catalog, Lifecycle
from suffice.catalog.capabilities import capabilities
from suffice.errors import BadModelName, BadOption
from suffice.linter.calls import Found, ModelCall, find_calls
from suffice.linter.findings import Finding, rules
from suffice.linter.guessing import people_at_the_other_end, task_of
from suffice.linter.literals import UNKNOWN
from suffice.linter.using import Uses, uses_of
from suffice.policy.translation import translate
from suffice.records import parse_model_spec

_KEY = re.compile(r"sk-(?:ant-|proj-)?[A-Za-z0-9_-]{16,}")
_ALLOWED = re.compile(r"#\s*suffice:\s*ignore(?:\[(?P<codes>[A-Z0-9, ]+)\])?")
_SOON_DAYS = 60
_SMALL_ANSWER = 256
_SMALL_LINE = "haiku"


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """
    What calls are held against.

    Attributes:
        catalog: The models.
        today: The date, for retirements.
        version: The ``anthropic-version`` the project's calls are sent under.
    """

    catalog: Catalog
    today: date
    version: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one file holds.

    Attributes:
        calls: Every model call.
        findings: What is wrong with them, by place.
        broken: Why the file could not be read as Python; empty if it could.
    """

    calls: tuple[ModelCall, ...] = ()
    findings: tuple[Finding, ...] = ()
    broken: str = ""


def check_source(source: str | bytes, *, path: str, against: Against) -> Checked:
    """
    Every model call of a Python file, and what is wrong with it.

    A comment ``# suffice: ignore`` on the finding's line, or ``# suffice: ignore[SL05]``, says
    that it is known.

    Args:
        source: The file's text, or its bytes with a declared encoding.
        path: Names it in the findings.
        against: What the calls are held against.

    >>> from suffice.catalog import load_catalog
    >>> against = Against(catalog=load_catalog(), today=date(2026, 11, 22), version="2026-10-21")
    >>> code = "client.messages.create(model='claude-haiku-4-5', max_tokens=100_000, messages=m)"
    >>> [finding.code for finding in check_source(code, path="app.py", against=against).findings]
    ['SL01']
    """
    try:
        tree = ast.parse(source)
        lines = _lines(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        return Checked(broken=_why(wrong))
    calls, findings = [], [*_keys(tree, path)]
    for found in find_calls(tree, path=path):
        call = msgspec.structs.replace(found.call, task=task_of(found.call.known))
        calls.append(call)
        findings += _Checking(found, uses_of(found, tree), against).findings()
    kept = [one for one in findings if not _is_allowed(one, lines)]
    return Checked(calls=tuple(calls), findings=tuple(sorted(set(kept))))


class _Checking:
    """One call under the rules."""

    def __init__(self, found: Found, uses: Uses, against: Against) -> None:
        self._found, self._uses, self._against = found, uses, against
        self._call = found.call
        self._facts = None
        if self._call.model is not None and against.catalog.knows(self._call.model):
            self._facts = against.catalog.find(self._call.model)

    def findings(self) -> Iterator[Finding]:
        yield from self._life()
        if self._call.api == "anthropic" and self._call.model is not None:
            yield from self._refused(self._call.model)
        yield from self._first_block()
        yield from self._unchecked_json()
        yield from self._small_in_chat()
        yield from self._cut()

    def _life(self) -> Iterator[Finding]:
        model, facts = self._call.model, self._facts
        if model is None or self._call.api != "anthropic":
            return
        if facts is None:
            if not _is_reference(model):
                yield self._finding("SL08", f"{model} is in no catalog.", "check its spelling")
            return
        state = facts.lifecycle(self._against.today)
        instead = f"compare with {facts.successor}" if facts.successor else "choose another"
        if state is Lifecycle.RETIRED:
            yield self._finding("SL06", f"{model} is retired.", instead)
        elif facts.retires is not None and (facts.retires - self._against.today).days <= _SOON_DAYS:
            yield self._finding("SL07", f"{model} retires on {facts.retires}.", instead)

    def _refused(self, model: str) -> Iterator[Finding]:
        """What the model would not take as it stands, by the table that translates requests."""
        accepts = capabilities(model, version=self._against.version)
        asked = self._call.known.get("max_tokens")
        most = accepts.max_output_tokens
        if isinstance(asked, int) and most is not None and asked > most:
            message = f"max_tokens={asked:,} is above {model}'s {most:,}."
            yield self._finding("SL01", message, f"at most {most:,}")
        try:
            spec = parse_model_spec(model)
            moved = translate(
                _as_request(self._call.known), target=spec, version=self._against.version
            )
        except (BadModelName, BadOption):
            return
        for change in moved.changes:
            if change.action != "keep" and change.field != "max_tokens":
                does = "leave it out" if change.action == "drop" else "see the page"
                yield self._finding("SL02", f"{change.field}: {change.reason}.", does)
        if moved.refused is not None:
            yield self._finding("SL02", f"{moved.refused}.", "see the page")

    def _first_block(self) -> Iterator[Finding]:
        why = self._thinks()
        if why is None:
            return
        for line, column in self._uses.first_block:
            message = f"content[0] is not the text: {why}."
            yield self._finding("SL03", message, "take the blocks of type text", at=(line, column))

    def _thinks(self) -> str | None:
        """Why the answer begins with thinking; None where it need not."""
        thinking = self._call.known.get("thinking")
        kind = thinking.get("type") if isinstance(thinking, dict) else None
        if kind in {"enabled", "adaptive", "between_tools"}:
            return f"thinking is {kind}"
        model = self._call.model
        if "thinking" in self._found.given or self._found.opaque or model is None:
            return None
        accepts = capabilities(model, version=self._against.version)
        return f"{model} thinks by default" if accepts.thinks_by_default else None

    def _unchecked_json(self) -> Iterator[Finding]:
        if self._found.opaque or self._has_schema():
            return
        for line, column in self._uses.parsed:
            message = "JSON is parsed, and nothing makes the model write it."
            yield self._finding("SL04", message, "give an output schema", at=(line, column))

    def _has_schema(self) -> bool:
        given, known = self._found.given, self._call.known
        if given & {"output_format", "response_format", "text_format", "text"}:
            return True
        if "output_config" in given:
            config = known.get("output_config", UNKNOWN)
            return not isinstance(config, dict) or "format" in config
        return "tool_choice" in given and "tools" in given

    def _small_in_chat(self) -> Iterator[Finding]:
        model = self._call.model
        if model is None or capabilities(model).line != _SMALL_LINE:
            return
        why = people_at_the_other_end(self._found)
        if why is not None:
            message = f"{model} seems to talk to people: {why}."
            yield self._finding("SL05", message, "prove it with suffice compare")

    def _cut(self) -> Iterator[Finding]:
        asked = self._call.known.get("max_tokens")
        small = isinstance(asked, int) and asked <= _SMALL_ANSWER
        if small and self._uses.text and not self._uses.stop_reason:
            message = f"max_tokens={asked}, and nobody looks at stop_reason."
            yield self._finding("SL10", message, "look whether the answer was cut")

    def _finding(
        self, code: str, message: str, fix: str, *, at: tuple[int, int] | None = None
    ) -> Finding:
        line, column = at or (self._call.line, self._call.column)
        return Finding(
            path=self._call.path,
            line=line,
            column=column,
            code=code,
            level=rules()[code].level,
            message=message,
            fix=fix,
        )


def _keys(tree: ast.Module, path: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        if _KEY.fullmatch(node.value.strip()):
            yield Finding(
                path=path,
                line=node.lineno,
                column=node.col_offset + 1,
                code="SL09",
                level=rules()["SL09"].level,
                message="What looks like a provider's key stands in the source.",
                fix="revoke it, and read it from the environment",
            )


def _as_request(known: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as a request: what is unknown, or of no kind a request has, is left out."""
    return {
        name: _readable(value)
        for name, value in known.items()
        if isinstance(value, _KINDS.get(name, object))
        and (not isinstance(value, list) or name == "stop_sequences" or _all_objects(value))
    }


def _all_objects(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items if item is not UNKNOWN)


def _readable(value: Any) -> Any:
    """Without what cannot be read: a part that is not known is not held against anything."""
    if isinstance(value, dict):
        return {key: _readable(inner) for key, inner in value.items() if inner is not UNKNOWN}
    if isinstance(value, list):
        return [_readable(inner) for inner in value if inner is not UNKNOWN]
    return value


_KINDS: dict[str, type | tuple[type, ...]] = {
    "messages": list,
    "tools": list,
    "thinking": dict,
    "output_config": dict,
    "tool_choice": dict,
    "context_management": dict,
    "max_tokens": int,
}


def _is_reference(model: str) -> bool:
    """Whether it is another place's name of a model: a path, a region, an ARN."""
    return "/" in model or ":" in model or "." in model or "@" in model


def _lines(source: str | bytes) -> list[str]:
    return (source.decode("utf-8", "replace") if isinstance(source, bytes) else source).split("\n")


def _is_allowed(finding: Finding, lines: list[str]) -> bool:
    line = lines[finding.line - 1] if finding.line <= len(lines) else ""
    said = _ALLOWED.search(line)
    if said is None:
        return False
    named: Container[str] | None = said["codes"] and {
        code.strip() for code in said["codes"].split(",")
    }
    return not named or finding.code in named


def _why(wrong: Exception) -> str:
    if isinstance(wrong, SyntaxError):
        return f"line {wrong.lineno}: {wrong.msg}"
    return str(wrong) or type(wrong).__name__
