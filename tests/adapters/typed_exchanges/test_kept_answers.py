"""What is kept of answers about exchanges is what asking again would find."""

from __future__ import annotations

import stat
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.typed_exchanges.kept_answers import KeptAnswers
from suffice.adapters.typed_exchanges.queries import Questions, Wanted
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.catalog import load_catalog
from suffice.records import LoggedExchange, Usage

_SHORT = 2

CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "session": st.sampled_from(["", "s1", "s2"]),
            "model": st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "nobody's"]),
            "tools": st.booleans(),
            "turns": st.integers(1, 3),
            "prompt": st.sampled_from(["Sort it.", "Write it.", ""]),
            "tokens": st.integers(0, 300_000),
            "agent": st.sampled_from(["", "a1"]),
            "label": st.sampled_from(["", "triage"]),
            "ts": st.integers(0, 400_000) | st.none(),
        }
    ),
    min_size=1,
    max_size=12,
)


def exchange(number: int, told: dict[str, Any]) -> LoggedExchange:
    turn = {"role": "user", "content": f"Which one is {number % 4}?"}
    request = {"system": told["prompt"], "messages": [turn] * told["turns"]}
    if told["tools"]:
        request["tools"] = [{"name": "look", "input_schema": {}}]
    return LoggedExchange(
        source="anthropic",
        id=f"call-{number}",
        ts=None if told["ts"] is None else 1_793_500_000.0 + told["ts"],
        request=request,
        response_text="billing",
        model=told["model"],
        usage=Usage(input_tokens=told["tokens"], output_tokens=5),
        session=told["session"],
        agent_id=told["agent"],
        labels={"type": told["label"]} if told["label"] else {},
        latency_s=0.5,
    )


def asked(folder: Path, *, wanted: Wanted) -> tuple[Any, Any]:
    """Counts in no order, and the rest by name."""
    store = Exchanges.open(folder, write=False)
    try:
        questions = Questions(store, TypedExchanges(store), load_catalog())
        counted = sorted(map(repr, questions.counted(wanted)))
        seen = questions.seen(wanted)
        return counted, {name: msgspec.to_builtins(one) for name, one in seen.items()}
    finally:
        store.close()


@settings(max_examples=6, deadline=None)
@given(first=CALLS, later=CALLS)
def test_kept_answers_are_those_of_asking_again_also_after_more_came(
    first: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        for begin, calls in ((0, first), (100, later)):
            with Exchanges.open(folder) as store:
                store.add(exchange(begin + number, told) for number, told in enumerate(calls))
            asked(folder, wanted=Wanted())

            kept = asked(folder, wanted=Wanted())
            # A condition that all fulfil is still one: nothing of this is kept.
            anew = asked(folder, wanted=Wanted(only=(("source", "anthropic"),)))

            assert kept == anew
            assert len(list((folder / "types").glob("*.answers.json"))) == 1


@settings(max_examples=6, deadline=None)
@given(calls=CALLS)
def test_each_exchange_has_the_role_its_own_row_tells(calls: list[dict[str, Any]]) -> None:
    """Rows are typed by kinds; each one looked at alone gives the same."""
    calls = [told | {"session": told["session"] or "s3"} for told in calls]
    agentic = {
        told["session"]
        for told in calls
        if told["agent"] or (told["tools"] and told["turns"] > _SHORT)
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        with Exchanges.open(folder) as store:
            store.add(exchange(number, told) for number, told in enumerate(calls))
        seen = asked(folder, wanted=Wanted())[1]

    expected: Counter[str] = Counter()
    for told in calls:
        if told["agent"]:
            expected["role:sub-agent"] += 1
        elif told["session"] not in agentic:
            expected["role:call"] += 1
        else:
            expected["role:main loop" if told["tools"] else "role:housekeeping"] += 1
    found = {name: one["replayable"] for name, one in seen.items() if name.startswith("role:")}
    assert found == expected


def test_a_torn_file_of_answers_is_as_if_there_were_none(tmp_path: Path) -> None:
    typed = tmp_path / "typed-1.parquet"
    KeptAnswers(typed).rows("how many?", lambda: [(1,)])
    (path,) = tmp_path.glob("*.answers.json")
    mode = stat.S_IMODE(path.stat().st_mode)
    path.write_bytes(path.read_bytes()[:-3])

    again = KeptAnswers(typed).rows("how many?", lambda: [(2,)])

    assert again == [[2]]
    assert mode == 0o600


def test_an_answer_that_is_kept_is_not_looked_for(tmp_path: Path) -> None:
    typed = tmp_path / "typed-1.parquet"
    KeptAnswers(typed).rows("how many?", lambda: [(10**30, None, "b")])

    def never() -> list[Any]:
        raise AssertionError

    assert KeptAnswers(typed).rows("how many?", never) == [[10**30, None, "b"]]
