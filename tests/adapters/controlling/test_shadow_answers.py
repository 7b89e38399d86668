"""What the gateway left of shadow calls becomes pairs, each once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.controlling.shadow_answers import SCORER, take_in_answers
from suffice.catalog import load_catalog
from suffice.gateway.shadow_files import ShadowFolder
from suffice.pricing import cost
from suffice.records import ShadowAnswers, Usage

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


def message(text: str, model: str, **more: Any) -> bytes:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    content = [{"type": "text", "text": text}]
    whole = {"type": "message", "role": "assistant", "model": model, "content": content}
    return json.dumps({**whole, "stop_reason": "end_turn", "usage": usage, **more}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> ShadowFolder:
    return ShadowFolder(tmp_path / "shadow", mask=bytes)


def left(world: Any, folder: ShadowFolder, number: int, **more: Any) -> None:
    usual = ShadowAnswers(
        id=f"{number:016x}",
        at=world.began.timestamp() + number,
        type="triage",
        session=f"{number:016x}",
        served_by="candidate",
        probability=0.2,
        request_id=f"req_{number}",
        baseline=OPUS,
        candidate=HAIKU,
        request=b'{"model": "claude-opus-5-5", "max_tokens": 9, "messages": []}',
        served=message("billing", HAIKU),
        shadow=message("billing", OPUS),
        shadow_status=200,
    )
    assert folder.leave(msgspec.structs.replace(usual, **more))


def take(world: Any, folder: ShadowFolder, **more: Any) -> Any:
    return take_in_answers(
        world.store, folder.folder, catalog=load_catalog(), now=world.later(hours=1), **more
    )


def test_answers_become_a_scored_pair_with_what_it_cost(world: Any, folder: ShadowFolder) -> None:
    world.start()
    world.store.note("triage", SCORER, "label", at=world.began)
    left(world, folder, 1)
    left(world, folder, 2, served=message("refund", HAIKU))

    found = take(world, folder)

    same, other = world.store.pairs("triage")
    assert (same.score, other.score, found.pairs) == (1.0, 0.0, 2)
    assert (same.served_by, same.probability, same.request_id) == ("candidate", 0.2, "req_1")
    # The shadow call went to the baseline: 1,000 tokens in, 100 out, at its price.
    used = Usage(input_tokens=1000, output_tokens=100)
    assert Decimal(same.cost_usd) == cost(used, OPUS, at=world.began, catalog=load_catalog())
    assert list(folder.folder.glob("*.json")) == []


def test_a_pair_that_was_kept_before_a_kill_is_kept_once(world: Any, folder: ShadowFolder) -> None:
    world.start()
    world.store.note("triage", SCORER, "exact", at=world.began)
    left(world, folder, 1)
    content = (folder.folder / f"{1:016x}.json").read_bytes()
    take(world, folder)
    (folder.folder / f"{1:016x}.json").write_bytes(content)

    again = take(world, folder)

    assert (again.pairs, len(world.store.pairs("triage"))) == (0, 1)


@pytest.mark.parametrize(
    ("more", "score", "why"),
    [
        ({"shadow": None, "why_missing": "HTTP 529", "shadow_status": 529}, None, "HTTP 529"),
        ({"shadow": b"not json"}, None, "an answer cannot be read"),
        ({"served": message("", HAIKU, stop_reason="refusal", content=[])}, 0.0, ""),
        ({"served": message("bill", HAIKU, stop_reason="max_tokens")}, 0.0, ""),
    ],
)
def test_what_nobody_answered_is_missing_and_what_the_candidate_failed_is_bad(
    world: Any, folder: ShadowFolder, more: dict[str, Any], score: float | None, why: str
) -> None:
    world.start()
    world.store.note("triage", SCORER, "label", at=world.began)
    left(world, folder, 1, **more)

    take(world, folder)

    [pair] = world.store.pairs("triage")
    assert (pair.score, pair.why_missing) == (score, why)


def test_a_type_a_judge_decided_is_counted_and_not_scored(world: Any, folder: ShadowFolder) -> None:
    world.start()
    world.store.note("triage", SCORER, "judge", at=world.began)
    left(world, folder, 1)

    found = take(world, folder)

    assert (found.pairs, found.unscored) == (1, 1)
    assert world.store.pairs("triage")[0].why_missing == "a judge would have to be asked"


def test_labels_the_baseline_named_before_are_known_later(world: Any, folder: ShadowFolder) -> None:
    world.start()
    world.store.note("triage", SCORER, "label", at=world.began)
    left(world, folder, 1, shadow=message("refund", OPUS), served=message("Refund.", HAIKU))
    take(world, folder)
    left(world, folder, 2, shadow=message("billing", OPUS), served=message("refund", HAIKU))

    take(world, folder)

    assert [pair.score for pair in world.store.pairs("triage")] == [1.0, 0.0]


def test_a_scorer_is_chosen_once_where_the_run_named_none(world: Any, folder: ShadowFolder) -> None:
    world.start()
    for number in range(40):
        text = ("billing", "refund")[number % 2]
        left(world, folder, number, shadow=message(text, OPUS), served=message(text, HAIKU))

    take(world, folder)

    assert world.store.noted("triage", SCORER) == "label"
    assert {pair.score for pair in world.store.pairs("triage")} == {1.0}


def test_what_is_no_answer_or_of_no_rollout_is_cleared_away(
    world: Any, folder: ShadowFolder
) -> None:
    world.start()
    left(world, folder, 1, type="other")
    left(world, folder, 2, candidate="claude-sonnet-5-5")
    (folder.folder / "torn.json").write_text('{"id": "x"')

    found = take(world, folder)

    assert (found.pairs, found.left_out) == (0, 3)
    assert list(folder.folder.glob("*.json")) == []


def test_a_heap_of_answers_is_scored_in_portions(world: Any, folder: ShadowFolder) -> None:
    world.start()
    world.store.note("triage", SCORER, "exact", at=world.began)
    for number in range(7):
        left(world, folder, number)

    assert [take(world, folder, most=5).pairs for _ in range(3)] == [5, 2, 0]


def test_a_model_without_a_price_is_not_free(world: Any, folder: ShadowFolder) -> None:
    world.start()
    world.store.note("triage", SCORER, "exact", at=world.began)
    left(world, folder, 1, shadow=message("billing", "a-model-of-mine"))

    take(world, folder)

    assert world.store.pairs("triage")[0].cost_usd is None
