"""What is added up part by part is what adding up all rows gives, whatever happened before."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from math import floor
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import Exchanges, StoredExchange, connect
from suffice.adapters.typed_exchanges.queries import Questions, Wanted
from suffice.adapters.typed_exchanges.shapes import Row, ShapeReader
from suffice.adapters.typed_exchanges.store import (
    TypedExchanges,
    forget_deleted,
    read_index,
    write_index,
)
from suffice.adapters.typed_exchanges.tables import CELL_S, SPREAD_ERROR
from suffice.catalog import load_catalog
from suffice.errors import BadOption
from suffice.records import LoggedExchange, Usage
from suffice.traffic.types import Change

CATALOG = load_catalog()
BEGAN = 1_793_491_200
DAY = 86_400
_SHORT = 2
_PROMPTS = (
    "Sort it.",
    "",
    "Sort the mail.\nToday is day {}.\nBe brief.",
    "Write a letter.\nIt is for {}.\nSign it.",
    "Keep to what is given. " * 400,
)

CALL = st.fixed_dictionaries(
    {
        "session": st.sampled_from(["", "s1", "s2", "s3"]),
        "user": st.sampled_from(["u1", "u2"]),
        "model": st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "nobody's"]),
        "app": st.sampled_from(["", "web"]),
        "tools": st.booleans(),
        "turns": st.integers(1, 3),
        "prompt": st.integers(0, len(_PROMPTS) - 1),
        "tokens": st.sampled_from([0, 40, 5_000, 300_000]),
        "billed": st.sampled_from([True, True, True, False]),
        "agent": st.sampled_from(["", "", "a1"]),
        "label": st.sampled_from(["", "", "triage"]),
        "ts": st.floats(0, 4 * DAY) | st.integers(0, 900).map(float) | st.none(),
        "latency": st.none() | st.just(0.0) | st.floats(0.01, 90),
        "status": st.sampled_from([200, 200, 529]),
        "batch": st.booleans(),
    }
)
CALLS = st.lists(CALL, min_size=1, max_size=8)
Step = tuple[str, Any]
STEP = st.one_of(
    st.tuples(st.just("add"), CALLS),
    st.tuples(st.just("look"), st.none()),
    st.tuples(
        st.just("delete"),
        st.sampled_from([{"session": "s1"}, {"user": "u2"}, {"before": float(BEGAN + DAY)}]),
    ),
    st.tuples(st.just("change"), st.sampled_from(["rename", "merge", "split", "undo"])),
)
MOMENT = st.sampled_from([None, None, 0, 300, DAY, DAY + 5_000, 2 * DAY, 4 * DAY])
WANTED = st.builds(
    lambda since, until, by, only: Wanted(
        since=None if since is None else float(BEGAN + since),
        until=None if until is None else float(BEGAN + until),
        by=by,
        only=only,
    ),
    MOMENT,
    MOMENT,
    st.sampled_from(["type", "type", "model", "app", "user"]),
    st.sampled_from([(), (), (("model", "claude-opus-5-5"),), (("session", "s2"),)]),
)


def exchange(number: int, told: dict[str, Any]) -> LoggedExchange:
    turn = {"role": "user", "content": f"Which one is {number % 3}?"}
    request = {
        "system": _PROMPTS[told["prompt"]].format(number % 9),
        "messages": [turn] * told["turns"],
    }
    if told["tools"]:
        request["tools"] = [{"name": "look", "input_schema": {}}]
    return LoggedExchange(
        source="anthropic",
        id=f"call-{number}",
        ts=None if told["ts"] is None else BEGAN + told["ts"],
        request=request,
        response_text="billing",
        model=told["model"],
        app=told["app"],
        user=told["user"],
        usage=Usage(
            input_tokens=told["tokens"],
            output_tokens=number,
            billed=told["billed"],
            service_tier="batch" if told["batch"] else None,
        )
        if number % 11
        else None,
        session=told["session"],
        agent_id=told["agent"],
        labels={"type": told["label"]} if told["label"] else {},
        latency_s=told["latency"],
        status=told["status"],
    )


def change(folder: Path, action: Any) -> None:
    """Change the first types there are, where such a change makes sense."""
    with Exchanges.open(folder) as store:
        names = sorted({one.name for one in TypedExchanges(store).entries.values()})
    index = read_index(folder)
    if not names:
        return
    into = {"rename": "another-name", "merge": names[-1]}.get(action, "")
    try:
        index = index.changed(Change(action=action, type=names[0], into=into), also=names)
    except BadOption:
        return
    write_index(folder, index)


def lived(folder: Path, steps: list[Step]) -> None:
    """Let a store have a history."""
    number = 0
    for what, how in steps:
        if what == "change":
            change(folder, how)
            continue
        with Exchanges.open(folder) as store:
            if what == "add":
                store.add(exchange(number + place, told) for place, told in enumerate(how))
                number += len(how)
            elif what == "delete":
                store.delete(**how)
                forget_deleted(store)
            else:
                Questions(store, TypedExchanges(store), CATALOG).counted(Wanted())


def told_rows(
    store: Exchanges, typed: TypedExchanges
) -> list[tuple[StoredExchange, str, str, int]]:
    """Each row with its type, its role and its prefix's tokens, every one looked at alone."""
    rows = list(store.rows())
    agentic = {_who(row) for row in rows if _is_agents(row)} - {None}
    reader = ShapeReader(store)
    found = []
    for row in rows:
        keys = row.message_keys
        kind = Row(
            row.n, row.app, row.system_key, row.tools_key, row.settings_key, row.labels, row.source,
            row.is_sidechain, row.agent_id, row.roles.endswith("a"), bool(keys),
            keys[0] if keys else 0, _who(row) in agentic,
        )  # fmt: skip
        ((_, is_a, role, tokens),) = reader.typed([kind], typed.index)
        found.append((row, is_a.name, role.value, tokens))
    return found


def _who(row: StoredExchange) -> Any:
    first = row.message_keys[0] if row.message_keys else 0
    return row.session or ((row.app, row.system_key, first) if row.tools_key else None)


def _is_agents(row: StoredExchange) -> bool:
    calls_tools = row.tools_key > 0 and len(row.roles) > _SHORT
    return calls_tools or bool(row.session and (row.agent_id or row.is_sidechain))


def _talk(row: StoredExchange, role: str) -> Any:
    first = row.message_keys[0] if row.message_keys else 0
    return row.session or (None if role == "call" else (row.app, row.system_key, first))


def _is_wanted(row: StoredExchange, wanted: Wanted) -> bool:
    if (wanted.since is not None or wanted.until is not None) and row.ts is None:
        return False
    return (
        (wanted.since is None or (row.ts or 0) >= wanted.since)
        and (wanted.until is None or (row.ts or 0) < wanted.until)
        and all(getattr(row, column) == value for column, value in wanted.only)
    )


def check_counts(questions: Questions, rows: list[Any], wanted: Wanted) -> None:
    """Calls, tokens, told usage and cacheable tokens, by group, role, model and day."""
    expected: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    last: dict[Any, float] = {}
    for row, group, role, prefix in sorted(rows, key=lambda one: (one[0].ts or 0, one[0].n)):
        sums = expected[group, role, row.model, None if row.ts is None else floor(row.ts / DAY)]
        sums["calls"] += 1
        sums["told"] += row.usage_known if row.billed else 1
        if row.billed:
            sums["input_tokens"] += row.input_tokens
            sums["output_tokens"] += row.output_tokens
        least = CATALOG.models[row.model].cache_minimum_tokens if row.model in CATALOG.models else 0
        prompt = row.app, row.model, row.system_key, row.tools_key
        if row.ts is not None and min(prefix, row.input_tokens) >= (least or 4096):
            hit = row.ts - last.get(prompt, -1e9) < CELL_S
            last[prompt] = row.ts
            if row.billed:
                sums["cacheable" if hit else "cache_filling"] += min(prefix, row.input_tokens)
    found: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    for one in questions.counted(wanted):
        day = None if one.day is None else (one.day.toordinal() - 719_163)
        sums = found[one.type, one.role, one.model, day]
        for name in (
            "calls",
            "told",
            "input_tokens",
            "output_tokens",
            "cacheable",
            "cache_filling",
        ):
            sums[name] += getattr(one, name)
    assert {key: +sums for key, sums in found.items()} == {
        key: +sums for key, sums in expected.items()
    }


def check_seen(questions: Questions, rows: list[Any], wanted: Wanted) -> None:
    """Everything of `Seen`, by group and by role; spreads within their stated error."""
    times = [row.ts for row, *_ in rows if row.ts is not None]
    middle = (min(times) + max(times)) / 2 if times else 0.0
    by_label: defaultdict[str, list[Any]] = defaultdict(list)
    for row, group, role, _ in rows:
        by_label[group].append((row, role))
        by_label[f"role:{role}"].append((row, role))
    found = questions.seen(wanted)
    assert found.keys() == by_label.keys()
    for label, some in by_label.items():
        seen = found[label]
        mine = [row for row, _ in some]
        stamps = [row.ts for row in mine if row.ts is not None]
        usable = [row for row in mine if row.replayable]
        assert seen.sessions == len({_talk(*one) for one in some} - {None})
        assert seen.spawns == len(
            {(_talk(row, role), row.agent_id) for row, role in some if row.agent_id}
        )
        assert seen.errors == sum((row.status or 200) >= 400 for row in mine)
        assert seen.replayable == len(usable)
        assert seen.answered == sum(row.response_key > 0 for row in usable)
        assert (seen.first, seen.last) == (min(stamps, default=None), max(stamps, default=None))
        assert seen.earlier == sum(ts < middle for ts in stamps)
        assert seen.later == len(stamps) - seen.earlier
        hours = Counter(floor(ts / 3600) % 24 for ts in stamps)
        assert seen.by_hour == tuple(hours[hour] for hour in range(24))
        _check_spread(seen.latency_s, [row.latency_s for row in mine if row.latency_s is not None])
        _check_spread(
            seen.output_tokens, [row.output_tokens for row in mine if row.usage_known], room=0.5
        )


def _check_spread(
    found: tuple[float, float] | None, values: list[float], *, room: float = 0.0
) -> None:
    if not values:
        assert found is None
        return
    assert found is not None
    for share, value in zip((0.5, 0.95), found, strict=True):
        true = sorted(values)[floor(share * (len(values) - 1))]
        assert abs(value - true) <= SPREAD_ERROR * true + room + 1e-12


def check(folder: Path, wanted: Wanted) -> None:
    """Everything that is asked of a store against all its rows, one by one."""
    with Exchanges.open(folder) as store:
        typed = TypedExchanges(store)
        rows = told_rows(store, typed)
        with connect() as duck:
            kept = duck.execute(f"SELECT n, type_number FROM {typed.sql()} ORDER BY n").fetchall()  # noqa: S608
        assert [(n, typed.entries[number].name) for n, number in kept] == [
            (row.n, name) for row, name, _, _ in rows
        ]
        looked_at = [
            (row, name if wanted.by == "type" else getattr(row, wanted.by) or "not told", *rest)
            for row, name, *rest in rows
            if _is_wanted(row, wanted)
        ]
        questions = Questions(store, typed, CATALOG)
        check_counts(questions, looked_at, wanted)
        check_seen(questions, looked_at, wanted)


@settings(max_examples=8, deadline=None)
@given(
    first=CALLS, then=st.lists(STEP, max_size=3), last=CALLS, after=st.none() | STEP, wanted=WANTED
)
def test_what_parts_add_up_to_is_what_all_rows_add_up_to(
    first: list[dict[str, Any]],
    then: list[Step],
    last: list[dict[str, Any]],
    after: Step | None,
    wanted: Wanted,
) -> None:
    steps = [("add", first), ("look", None), *then, ("add", last), *([after] if after else [])]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        lived(folder, steps)

        check(folder, Wanted())
        check(folder, wanted)


def test_prompts_nobody_knew_are_of_the_type_that_is_learnt_later(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    strange = [f"{'ab' * n} {'cd' * n}.\n{'ef' * n}, {'gh' * n}!" for n in range(1, 61)]
    mails = [f"Sort the mail.\nToday is day {n}.\nBe brief.\nOne word." for n in range(12)]
    found = []
    for prompts in ([*strange, *mails[:2]], mails[2:]):
        with Exchanges.open(folder) as store:
            store.add(asked(prompt) for prompt in prompts)
            store.flush()
            typed = TypedExchanges(store)
            counted = Questions(store, typed, CATALOG).counted(Wanted())
            found.append({one.type: one.calls for one in counted})

    before, after = found
    assert sum(calls for name, calls in before.items() if name.startswith("new-")) >= len(mails[:2])
    assert max(after.values()) == len(mails)
    check(folder, Wanted())


def asked(prompt: str) -> LoggedExchange:
    request = {"system": prompt, "messages": [{"role": "user", "content": "Which?"}]}
    return LoggedExchange(source="anthropic", id=prompt, request=request, response_text="billing")
