"""What the gateway left of shadow calls is scored by each type's own scorer."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.shadow_inbox import ShadowInbox
from suffice.gateway.shadow.left import ShadowFolder
from suffice.records import ShadowAnswers, ShadowPair


def message(text: str, **more: Any) -> bytes:
    usage = {"input_tokens": 10, "output_tokens": 2}
    content = [{"type": "text", "text": text}]
    return json.dumps(
        {"content": content, "stop_reason": "end_turn", "usage": usage, **more}
    ).encode()


class Inbox:
    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._writer = ShadowFolder(folder, mask=bytes)

    def leave(self, served: bytes, shadow: bytes | None, **more: Any) -> None:
        number = len(list(self.path.glob("*.json"))) if self.path.exists() else 0
        plain: dict[str, Any] = {
            "id": f"{number:016x}", "at": 1_795_000_000.0 + number, "type": "triage",
            "session": f"{number:016x}", "served_by": "baseline", "probability": 0.2,
            "baseline": "claude-opus-5-5", "candidate": "claude-haiku-5-5",
            "request": b'{"model":"claude-opus-5-5","messages":[]}',
        }  # fmt: skip
        assert self._writer.leave(
            ShadowAnswers(**{**plain, "served": served, "shadow": shadow, **more})
        )

    def pairs(self, scorer: str = "label") -> list[ShadowPair | None]:
        inbox = ShadowInbox(
            self.path, scorer_of=lambda _: scorer, price=lambda *_: Decimal("0.0025")
        )
        return [found.pair for found in inbox.scored()]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "shadow")


def scores(pairs: list[ShadowPair | None]) -> list[float | None]:
    return [pair.score for pair in pairs if pair is not None]


def test_labels_agree_whatever_is_written_around_them(inbox: Inbox) -> None:
    inbox.leave(message("refund"), message("**Label:** Refund"))
    inbox.leave(message("refund"), message("The label is refund."))
    inbox.leave(message("refund"), message("billing"))
    assert scores(inbox.pairs()) == [1.0, 1.0, 0.0]


def test_pairs_stand_in_the_order_their_requests_were_served_however_their_answers_came(
    inbox: Inbox,
) -> None:
    """
    Were all that disagree counted in a row, chance would look like a fall.
    """
    served = [(4, "a"), (1, "a"), (3, "a"), (2, "b"), (0, "b")]
    for place, said in served:
        inbox.leave(message("a"), message(said), at=1_795_000_000.0 + place)

    assert scores(inbox.pairs()) == [0.0, 1.0, 0.0, 1.0, 1.0]


def test_a_pair_says_what_it_cost_and_who_served(inbox: Inbox) -> None:
    inbox.leave(message("a"), message("a"), served_by="candidate", request_id="req_9")
    [pair] = inbox.pairs()
    assert pair is not None
    assert (pair.served_by, pair.cost_usd, pair.request_id) == ("candidate", "0.0025", "req_9")
    assert (pair.probability, pair.at.year) == (0.2, 2026)


def test_a_call_that_is_billed_nothing_costs_nothing_and_a_lost_one_nobody_knows(
    inbox: Inbox,
) -> None:
    inbox.leave(message("a"), None, why_missing="the batch expired", unbilled=True)
    inbox.leave(message("a"), None, why_missing="the batch is gone")
    assert [pair.cost_usd for pair in inbox.pairs() if pair is not None] == ["0", None]


def test_a_refusal_is_a_disagreement_and_a_lost_answer_is_missing(inbox: Inbox) -> None:
    inbox.leave(message("a"), message("", stop_reason="refusal"))
    inbox.leave(message("a"), None, why_missing="HTTP 529", shadow_status=529)
    first, second = inbox.pairs()
    assert first is not None
    assert first.score == 0.0
    assert second is not None
    assert (second.score, second.why_missing) == (None, "HTTP 529")


def test_json_answers_are_scored_field_by_field(inbox: Inbox) -> None:
    inbox.leave(message('{"total": 3, "name": "x"}'), message('{"name": "x", "total": 4}'))
    [pair] = inbox.pairs("json")
    assert pair is not None
    assert pair.score is not None
    assert 0 < pair.score < 1
    assert pair.differs == ("total",)


def test_calls_of_tools_are_compared_by_their_next_action(inbox: Inbox) -> None:
    def calls(city: str) -> bytes:
        call = {"type": "tool_use", "id": "t", "name": "look", "input": {"city": city}}
        return json.dumps({"content": [call], "stop_reason": "tool_use"}).encode()

    inbox.leave(calls("Bern"), calls("Bern"))
    inbox.leave(calls("Bern"), calls("Basel"))
    assert scores(inbox.pairs("tool_call")) == [1.0, 0.0]


def test_a_type_nobody_decided_waits_until_its_answers_show_how_to_score_it(inbox: Inbox) -> None:
    for number in range(19):
        inbox.leave(message("yes" if number % 2 else "no"), message("yes"))
    assert inbox.pairs("") == []
    inbox.leave(message("no"), message("yes"))
    assert sorted(str(score) for score in scores(inbox.pairs(""))) == ["0.0"] * 11 + ["1.0"] * 9


def test_prose_that_nothing_can_score_is_counted_as_missing(inbox: Inbox) -> None:
    long = "A long answer in free words, with its own reasons and turns of phrase. " * 4
    for number in range(20):
        inbox.leave(message(f"{long}{number}"), message(f"{number}{long}"))
    found = inbox.pairs("")
    assert {pair.why_missing for pair in found if pair is not None} == {
        "nothing can score answers of this kind"
    }


def test_a_file_that_is_no_pair_is_handed_on_to_be_deleted(inbox: Inbox) -> None:
    inbox.leave(message("a"), message("a"))
    (inbox.path / "0.json").write_bytes(b"{torn")
    found = inbox.pairs()
    assert sorted(pair is None for pair in found) == [False, True]
