"""promptfoo's files: test cases with their assertions, and results with recorded answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from suffice.records import Answer, BrokenCase, Case, Failure, FailureKind, Usage
from suffice.traffic.cases import UNTYPED

_VARIABLE = re.compile(r"\{\{-?\s*([\w.]+)\s*-?\}\}")
_LOGIC = re.compile(r"\{%|\{#|\{\{[^}]*[|(\[]")


def read_promptfoo(document: Any) -> Iterator[Case | BrokenCase]:
    """
    Read a results file (format 3), a configuration with ``tests``, or a bare list of tests.

    The number a broken case carries is that of its test, from 1.

    >>> [case] = read_promptfoo([{"vars": {"prompt": "Hi"}, "assert": [{"type": "is-json"}]}])
    >>> case.assertions
    ({'type': 'is-json'},)
    """
    if isinstance(document, Mapping) and isinstance(document.get("results"), Mapping):
        yield from _results(document["results"].get("results") or [])
    elif isinstance(document, Mapping) and isinstance(document.get("tests"), list):
        yield from _tests(document["tests"], document.get("prompts") or [])
    elif isinstance(document, list):
        yield from _tests(document, [])
    else:
        yield BrokenCase(1, "neither a list of tests, nor `tests`, nor promptfoo `results`")


def _tests(tests: Sequence[Any], prompts: Sequence[Any]) -> Iterator[Case | BrokenCase]:
    for number, test in enumerate(tests, start=1):
        try:
            yield _test(test, prompts, number)
        except ValueError as error:
            yield BrokenCase(number, str(error))


def _test(test: Any, prompts: Sequence[Any], number: int) -> Case:
    if not isinstance(test, Mapping):
        raise ValueError("a test is an object with `vars`")  # noqa: TRY004 - bad input
    variables = test.get("vars") or {}
    return Case(
        id=str(test.get("id") or f"test-{number}"),
        type=_type(test),
        request={"messages": _messages(_prompt(prompts, variables), variables)},
        reference=(test.get("metadata") or {}).get("reference"),
        meta=dict(test.get("metadata") or {}),
        assertions=tuple(test.get("assert") or ()),
        line=number,
    )


def _prompt(prompts: Sequence[Any], variables: Mapping[str, Any]) -> str:
    if not prompts:
        texts = [value for value in variables.values() if isinstance(value, str)]
        prompt = variables.get("prompt") or (texts[0] if len(texts) == 1 else None)
        if not isinstance(prompt, str):
            raise ValueError("no prompt: give the configuration with its `prompts`")
        return prompt
    first = prompts[0]
    text = first.get("raw") or first.get("prompt") if isinstance(first, Mapping) else first
    if not isinstance(text, str) or text.startswith("file://"):
        raise ValueError("the prompt stands in another file; put its text into `prompts`")
    if _LOGIC.search(text):
        raise ValueError("the prompt uses template logic; only {{variables}} are filled in")
    return text


def _messages(prompt: str, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A prompt is one user turn, or a JSON list of turns."""

    def fill(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise ValueError(f"the variable {found[1]!r} of the prompt has no value")
        return str(variables[found[1]])

    text = _VARIABLE.sub(fill, prompt)
    try:
        turns = msgspec.json.decode(text.encode(), type=list[dict[str, Any]])
    except msgspec.DecodeError:
        turns = []
    if turns and all("role" in turn and "content" in turn for turn in turns):
        return turns
    return [{"role": "user", "content": text}]


def _results(rows: Sequence[Any]) -> Iterator[Case | BrokenCase]:
    """One case per prompt and test; one answer and grade per provider."""
    together: dict[tuple[Any, Any], list[Mapping[str, Any]]] = {}
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping) or "provider" not in row:
            yield BrokenCase(number, "a result names its `provider`")
            continue
        together.setdefault((row.get("promptIdx", 0), row.get("testIdx", number)), []).append(row)
    for number, (place, of_case) in enumerate(together.items(), start=1):
        yield _result(of_case, place, number)


def _result(rows: Sequence[Mapping[str, Any]], place: tuple[Any, Any], number: int) -> Case:
    first = rows[0]
    test = first.get("testCase") or {}
    raw = (first.get("prompt") or {}).get("raw")
    request = {"messages": _messages(raw, {})} if isinstance(raw, str) and "{{" not in raw else {}
    return Case(
        id=f"prompt-{place[0]}-test-{place[1]}",
        type=_type(test),
        request=request,
        reference=(test.get("metadata") or {}).get("reference"),
        meta=dict(test.get("metadata") or {}),
        answers={_arm(row): _answer(row) for row in rows},
        outcomes={_arm(row): grade for row in rows if (grade := _grade(row)) is not None},
        assertions=tuple(test.get("assert") or ()),
        line=number,
    )


def _type(test: Mapping[str, Any]) -> str:
    return str((test.get("metadata") or {}).get("type") or UNTYPED)


def _arm(row: Mapping[str, Any]) -> str:
    """``anthropic:messages:claude-x`` is a route to a model; the model is its last part."""
    provider = row["provider"]
    name = provider.get("id", "") if isinstance(provider, Mapping) else str(provider)
    return str(name).rsplit(":", 1)[-1]


def _grade(row: Mapping[str, Any]) -> float | None:
    """What promptfoo's own assertions said; without assertions its grade says nothing."""
    if not (row.get("testCase") or {}).get("assert") or _failed(row):
        return None
    return float(bool((row.get("gradingResult") or {}).get("pass", row.get("success"))))


def _failed(row: Mapping[str, Any]) -> bool:
    return bool(row.get("error")) and not (row.get("response") or {}).get("output")


def _answer(row: Mapping[str, Any]) -> Answer:
    response = row.get("response") or {}
    latency_ms = row.get("latencyMs") or response.get("latencyMs")
    if _failed(row):
        return Answer(failure=Failure(FailureKind.TRANSPORT, str(row["error"])[:300]))
    output = response.get("output", "")
    tokens = response.get("tokenUsage") or {}
    return Answer(
        text=output if isinstance(output, str) else msgspec.json.encode(output).decode(),
        usage=Usage(input_tokens=tokens["prompt"], output_tokens=tokens.get("completion", 0))
        if tokens.get("prompt")
        else None,
        latency_s=latency_ms / 1000 if latency_ms else None,
    )
