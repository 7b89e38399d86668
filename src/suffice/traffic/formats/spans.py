"""Spans in OTLP's JSON, an SDK's, or flattened columns: each as one flat map of attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from suffice.traffic.formats.fields import first_time, member, opened, text

_DEEPEST = 40
_FAILED = frozenset({"2", "ERROR", "STATUS_CODE_ERROR", "StatusCode.ERROR"})
_LONGEST_LIST = 10_000


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """
    One span, whoever wrote it down.

    Attributes:
        id: Its own id.
        trace: The trace it belongs to.
        start: Seconds since 1970.
        end: Likewise.
        attributes: By dotted name; lists and objects inside are left whole.
        events: Name and attributes of each.
        failed: Whether its status says so.
        message: What the status says.
    """

    id: str
    trace: str
    start: float | None
    end: float | None
    attributes: dict[str, Any]
    events: tuple[tuple[str, dict[str, Any]], ...] = ()
    failed: bool = False
    message: str = ""


def spans_of(record: Mapping[str, Any]) -> Iterator[Span]:
    """All spans of an OTLP document, or the one a record is."""
    groups = record.get("resourceSpans", record.get("resource_spans"))
    if not isinstance(groups, list):
        yield _span(record, {})
        return
    for group in _objects(groups):
        shared = _attributes(member(group, "resource").get("attributes"))
        scopes = group.get("scopeSpans", group.get("scope_spans"))
        for scope in _objects(scopes):
            for span in _objects(scope.get("spans")):
                yield _span(span, shared)


def log_records(record: Mapping[str, Any]) -> Iterator[tuple[str, Span]]:
    """All log records of an OTLP document: the event's name, and what it tells as a span would."""
    for group in _objects(record.get("resourceLogs", record.get("resource_logs"))):
        shared = _attributes(member(group, "resource").get("attributes"))
        for scope in _objects(group.get("scopeLogs", group.get("scope_logs"))):
            for entry in _objects(scope.get("logRecords", scope.get("log_records"))):
                said = {**shared, **_attributes(entry.get("attributes"))}
                body = _value(entry.get("body"), depth=0)
                name = text(entry, "eventName", "event_name") or text(said, "event.name")
                at = first_time(entry, "timeUnixNano", "observedTimeUnixNano", "time_unix_nano")
                told = {**said, **body} if isinstance(body, dict) else said
                yield (
                    name or (body if isinstance(body, str) else ""),
                    Span(
                        id=text(entry, "spanId", "span_id"),
                        trace=text(entry, "traceId", "trace_id"),
                        start=at,
                        end=None,
                        attributes=told,
                    ),
                )


def unflattened(attributes: Mapping[str, Any], prefix: str) -> Any:
    """
    What stands under a dotted prefix as a tree; numbered members become lists.

    >>> unflattened({"m.0.role": "user", "m.1.role": "assistant", "n": 1}, "m")
    [{'role': 'user'}, {'role': 'assistant'}]
    """
    tree: dict[str, Any] = {}
    for name, value in attributes.items():
        if name == prefix and isinstance(value, list | dict):
            return value
        if not name.startswith(prefix + "."):
            continue
        place, parts = tree, name[len(prefix) + 1 :].split(".")
        if len(parts) > _DEEPEST:
            continue
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[parts[-1]] = value
    return _listed(tree)


def _listed(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    inner = {name: _listed(value) for name, value in tree.items()}
    if inner and all(name.isascii() and name.isdigit() and len(name) < 7 for name in inner):  # noqa: PLR2004
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _span(span: Mapping[str, Any], shared: Mapping[str, Any]) -> Span:
    context = member(span, "context")
    columns = {
        name.removeprefix("attributes."): value
        for name, value in span.items()
        if name.startswith("attributes.") and value is not None
    }
    status = span.get("status", span.get("status_code"))
    code = status.get("code", status.get("status_code")) if isinstance(status, dict) else status
    said = text(status, "message", "description") if isinstance(status, dict) else ""
    return Span(
        id=text(span, "spanId", "span_id")
        or text(context, "span_id", "spanId")
        or text(span, "context.span_id", "id"),
        trace=text(span, "traceId", "trace_id")
        or text(context, "trace_id", "traceId")
        or text(span, "context.trace_id"),
        start=first_time(span, "startTimeUnixNano", "start_time_unix_nano", "start_time"),
        end=first_time(span, "endTimeUnixNano", "end_time_unix_nano", "end_time"),
        attributes={**shared, **_attributes(opened(span.get("attributes"))), **columns},
        events=tuple(
            (text(event, "name"), _attributes(opened(event.get("attributes"))))
            for event in _objects(opened(span.get("events")))
        ),
        failed=str(code) in _FAILED,
        message=said or text(span, "status_message"),
    )


def _attributes(found: Any) -> dict[str, Any]:
    if isinstance(found, list):
        return {
            text(entry, "key"): _value(entry.get("value"), depth=0) for entry in _objects(found)
        }
    return dict(_flat(found, "", depth=0)) if isinstance(found, dict) else {}


def _flat(tree: dict[str, Any], prefix: str, *, depth: int) -> Iterator[tuple[str, Any]]:
    """Dotted names and their values; objects named with a dot are values of their own."""
    for name, value in tree.items():
        dotted = f"{prefix}{name}"
        if isinstance(value, dict) and value and depth < _DEEPEST:
            yield from _flat(value, f"{dotted}.", depth=depth + 1)
        elif value is not None:
            yield dotted, value


def _value(value: Any, *, depth: int) -> Any:
    """OTLP's AnyValue as plain JSON."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return value
    if "intValue" in value:
        whole = text(value, "intValue")
        return int(whole) if whole.removeprefix("-").isdecimal() and len(whole) < 20 else None  # noqa: PLR2004
    if "arrayValue" in value:
        values = member(value, "arrayValue").get("values")
        listed = values if isinstance(values, list) else []
        return [_value(one, depth=depth + 1) for one in listed[:_LONGEST_LIST]]
    if "kvlistValue" in value:
        return {
            text(entry, "key"): _value(entry.get("value"), depth=depth + 1)
            for entry in _objects(member(value, "kvlistValue").get("values"))
        }
    for name in ("stringValue", "doubleValue", "boolValue", "bytesValue"):
        if name in value:
            return value[name]
    return None


def _objects(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
