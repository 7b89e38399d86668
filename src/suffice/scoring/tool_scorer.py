"""The tool-call scorer: the same tools with the same arguments, in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suffice import scoring
from suffice.records import Answer, Case, Reference, Score
from suffice.scoring.json_compare import JsonRules, compare_json
from suffice.scoring.reading import (
    clipped,
    scorer_failed,
    target_unparseable,
    unparseable,
    unusable,
)
from suffice.scoring.tool_calls import Malformed, ToolCall, calls_of, reference_calls, tool_name

_MOST_CALLS = 200
_EXACT = JsonRules(order="keep", dates=False)


class ToolCallScorer:
    """
    The share of tool calls that agree: the same tool with the same arguments, in any order.

    An answer that calls a tool and one that only talks differ; two that only talk agree as far
    as tools go. Calls are paired so that as many as possible agree; each call one side makes and
    the other does not counts against it.

    Args:
        rules: When two arguments agree; by default arrays keep their order.
        names_only: Whether arguments are left out of it.
    """

    def __init__(self, rules: JsonRules | None = None, *, names_only: bool = False) -> None:
        self._rules = rules or _EXACT
        self._names_only = names_only

    @property
    def name(self) -> str:
        """See `ports.Scorer.name`."""
        return "tool_call"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:  # noqa: ARG002 - the port's signature
        """See `ports.Scorer.score`."""
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        try:
            mine = calls_of(answer)
        except Malformed as broken:
            return unparseable(str(broken))
        if isinstance(target, Answer):
            try:
                right: tuple[ToolCall, ...] | None = calls_of(target)
            except Malformed as broken:
                return target_unparseable(str(broken))
        else:
            right = reference_calls(target.value)
        if right is None:
            return scorer_failed("the reference is no tool call")
        return self._compare(mine, right)

    def _compare(self, mine: Sequence[ToolCall], right: Sequence[ToolCall]) -> Score:
        if not mine and not right:
            return Score(value=1.0, reason="neither calls a tool")
        if not mine or not right:
            lone = mine or right
            who = "calls" if mine else "does not call"
            return Score(reason=f"{who} {_names(lone)}", paths=tuple(c.name for c in lone[:10]))
        if max(len(mine), len(right)) > _MOST_CALLS:
            return unparseable(f"more than {_MOST_CALLS} tool calls in one answer")
        gain = np.array([[self._agree(one, other)[0] for other in right] for one in mine])
        chosen = scoring.best_pairing(gain)
        paths: list[str] = []
        same = 0
        for row, column in chosen:
            _, exact, where = self._agree(mine[row], right[column])
            same += exact
            paths.extend(where)
        paths.extend(
            mine[row].name for row in sorted(set(range(len(mine))) - {row for row, _ in chosen})
        )
        paths.extend(
            right[at].name for at in sorted(set(range(len(right))) - {at for _, at in chosen})
        )
        total = max(len(mine), len(right))
        reason = (
            f"{same} of {total} calls agree" if total > 1 else _single(mine[0], right[0], paths)
        )
        return Score(value=same / total, reason=reason, paths=tuple(paths[:40]))

    def _agree(self, one: ToolCall, other: ToolCall) -> tuple[float, bool, list[str]]:
        """How near two calls are (for pairing), whether they agree, and where they do not."""
        if tool_name(one.name) != tool_name(other.name):
            return 0.0, False, [one.name]
        if self._names_only:
            return 2.0, True, []
        if other.allowed is not None:
            wrong = self._disallowed(one.input, other.allowed)
            near = 1 - len(wrong) / (len(other.allowed.keys() | one.input.keys()) or 1)
        else:
            difference = compare_json(one.input, other.input, rules=self._rules)
            wrong, near = list(difference.paths), difference.score
        exact = not wrong
        return (1.0 + exact + near / 100, exact, [f"{one.name}.{path}" for path in wrong])

    def _disallowed(self, given: dict[str, Any], allowed: dict[str, list[Any]]) -> list[str]:
        wrong = [key for key in given if key not in allowed]
        for key, values in allowed.items():
            if key not in given:
                if "" not in values:
                    wrong.append(key)
            elif not any(self._is_value(given[key], value) for value in values):
                wrong.append(key)
        return wrong

    def _is_value(self, given: Any, right: Any) -> bool:
        if isinstance(right, dict) and isinstance(given, dict):
            listed = {key: value for key, value in right.items() if isinstance(value, list)}
            if len(listed) == len(right):
                return not self._disallowed(given, listed)
        if isinstance(right, list) and isinstance(given, list) and len(right) == len(given):
            return all(map(self._is_value, given, right))
        difference = compare_json(_loose(given), _loose(right), rules=self._rules)
        return difference.matched == difference.total


def _loose(value: Any) -> Any:
    """Allowed values are a person's spelling: letter case and spacing of texts do not count."""
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, list):
        return [_loose(inner) for inner in value]
    return value


def _names(calls: Sequence[ToolCall]) -> str:
    return clipped(", ".join(call.name for call in calls[:10]))


def _single(mine: ToolCall, right: ToolCall, paths: Sequence[str]) -> str:
    if not paths:
        return f"the same call of {clipped(mine.name)}"
    if tool_name(mine.name) != tool_name(right.name):
        return f"calls {clipped(mine.name)}, not {clipped(right.name)}"
    return f"different arguments: {clipped(', '.join(paths[:3]))}"
