"""The lines of a batch's results: whatever they hold, every call that was sent has one outcome."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.gateway.account_store import price
from suffice.gateway.shadow.finding import read_known
from suffice.gateway.shadow.results import is_of, read_results, without_results
from suffice.records import SentBatch, SentCall, ShadowAnswers

HAIKU = "claude-haiku-5-5"
PRICES = load_catalog()
SENT_AT = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "model": HAIKU,
    "content": [{"type": "text", "text": "refund"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1_000, "output_tokens": 100},
}


def batch(calls: int = 1) -> SentBatch:
    pair = ShadowAnswers(
        id="1",
        at=0.0,
        type="triage",
        session="1",
        served_by="baseline",
        probability=1.0,
        baseline="claude-opus-5-5",
        candidate=HAIKU,
        request=b"{}",
        served=b"{}",
    )
    call = SentCall(pair=pair, requested="claude-opus-5-5", model=HAIKU)
    named = {f"sfs-{number}": call for number in range(calls)}
    return SentBatch(name="sfs", at=SENT_AT, batch="msgbatch_1", version="2026-10-21", calls=named)


def line(result: dict[str, Any], custom_id: str = "sfs-0") -> bytes:
    return json.dumps({"custom_id": custom_id, "result": result}).encode() + b"\n"


def read(*lines: bytes, calls: int = 1) -> Any:
    found = read_results(batch(calls), b"".join(lines), key="own", ended_at=SENT_AT + 60)
    return found[0] if calls == 1 else found


def test_an_answer_that_does_not_say_its_tier_is_billed_as_a_batch_all_the_same() -> None:
    found = read(line({"type": "succeeded", "message": MESSAGE}))

    # 1,000 tokens in and 100 out, at half of $0.10 and $0.50 a million.
    assert price(found.record, PRICES).picousd == 75_000_000
    assert json.loads(found.pair.shadow)["usage"]["service_tier"] == "batch"
    assert found.record.duration_s == 60.0


def test_web_searches_are_not_halved() -> None:
    usage = {**MESSAGE["usage"], "server_tool_use": {"web_search_requests": 2}}  # type: ignore[dict-item]

    found = read(line({"type": "succeeded", "message": {**MESSAGE, "usage": usage}}))

    assert price(found.record, PRICES).picousd == 75_000_000 + 20_000_000_000


def test_texts_of_an_answer_are_masked() -> None:
    said = {**MESSAGE, "content": [{"type": "text", "text": "write to bob@example.org"}]}

    found = read(line({"type": "succeeded", "message": said}))

    assert b"bob@example.org" not in found.pair.shadow
    assert b"[email]" in found.pair.shadow


def test_a_call_without_a_result_is_missing_and_may_have_been_billed() -> None:
    found = read()

    assert found.pair.why_missing == "the batch has no result for it"
    assert not found.pair.unbilled
    assert price(found.record, PRICES).picousd is None


@pytest.mark.parametrize(("kind", "status"), [("canceled", 499), ("expired", 408)])
def test_what_no_model_was_asked_is_no_pair_and_free(kind: str, status: int) -> None:
    found = read(line({"type": kind}))

    assert (found.pair, found.word) == (None, "undrawn")
    assert (found.record.status, found.record.error_type) == (status, kind)
    assert price(found.record, PRICES).picousd == 0


def test_a_batch_is_told_by_the_ids_of_its_calls() -> None:
    assert is_of(batch(), line({"type": "expired"}))
    assert not is_of(batch(), line({"type": "expired"}, "another-0"))


def test_lines_far_beyond_the_calls_are_not_read() -> None:
    answer = line({"type": "succeeded", "message": MESSAGE})
    stranger = line({"type": "succeeded", "message": MESSAGE}, "somebody-elses")

    assert read(stranger * 500 + b"\n" * 500 + answer).word == "answered"
    assert read(b"\n" * 3_000_000 + answer).word == "missing"
    assert not is_of(batch(), stranger * 5_000 + answer)


def test_of_two_lines_for_one_call_one_counts_and_of_other_ids_none() -> None:
    one = line({"type": "succeeded", "message": MESSAGE})
    found = read(one, one, line({"type": "canceled"}, "../../etc/passwd"), calls=2)

    assert [each.call for each in found] == ["sfs-0", "sfs-1"]
    assert [each.word for each in found] == ["answered", "missing"]


@pytest.mark.parametrize("kind", ["a" * 65, "sk-ant-echoed", "x\r\ny: z", 7, None, {"type": []}])
def test_what_an_error_calls_itself_is_a_short_word_or_unknown(kind: Any) -> None:
    found = read(line({"type": "errored", "error": {"type": "error", "error": {"type": kind}}}))

    assert found.record.error_type == "unknown_error"
    assert found.pair.why_missing == "the batch answered unknown_error"


DEEP = b"[" * 200_000


def test_what_nests_without_end_is_no_batch_and_no_line() -> None:
    assert read_known(b'{"id": "msgbatch_1", "x": ' + DEEP) is None
    assert not is_of(batch(), b'{"custom_id": "sfs-0", "result": ' + DEEP)


def test_answers_that_are_gone_have_names_of_their_own_in_the_account() -> None:
    gone = without_results(batch(3), key="own")

    assert {result.record.id for result in gone} == {f"msgbatch_1:sfs-{n}" for n in range(3)}
    assert {result.pair for result in gone} == {None}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
RESULTS = st.dictionaries(
    st.sampled_from(["type", "message", "error"]),
    JSON | st.sampled_from(["succeeded", "errored", "canceled", "expired", MESSAGE]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(RESULTS.map(line) | JSON.map(lambda each: json.dumps(each).encode() + b"\n")))
def test_whatever_comes_back_each_call_has_one_outcome_and_a_price_or_none(
    lines: list[bytes],
) -> None:
    found = read(*lines, b"\xff\n", calls=2)

    assert len(found) == 2
    for result in found:
        picousd = price(result.record, PRICES).picousd
        if result.pair is None:
            assert (result.word, picousd) == ("undrawn", 0)
            continue
        assert (result.pair.shadow is None) == bool(result.pair.why_missing)
        assert (picousd is None) <= (not result.pair.unbilled)
