"""What people do to a rollout, and what nobody can."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from suffice.errors import NotNow, NotProven, PromptReplaced
from suffice.monitor import Command, Start, basis_of, command, named_plan, start, step
from suffice.records import (
    Measure,
    Rollout,
    RolloutBasis,
    RolloutEvidence,
    RolloutState,
    ShadowPair,
    Verdict,
    Word,
)

Pairs = Callable[..., tuple[ShadowPair, ...]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def wish(switch: RolloutBasis) -> Start:
    return Start(
        type="triage", baseline="claude-opus-5-5", candidate="claude-haiku-5-5", basis=switch
    )


def test_a_start_says_what_it_rests_on(wish: Start, now: datetime) -> None:
    begun = start(wish, now=now)

    assert begun.wanted.share == 0.05
    assert begun.events[0].sentence == (
        "Started at 5 % of triage to claude-haiku-5-5: r-7 says Switch after 100 pairs. "
        "Plan default; agreement of 95 % is held to be fine."
    )


@pytest.mark.parametrize(
    ("basis", "error"),
    [
        (RolloutBasis(run="r", verdict="not_yet", pairs=20), NotProven),
        (RolloutBasis(run="r", verdict="switch", provisional=True), NotProven),
        (RolloutBasis(run="r", verdict="switch", prompt_version="p0"), PromptReplaced),
    ],
)
def test_what_the_evidence_does_not_carry_needs_a_name_and_a_reason(
    wish: Start, basis: RolloutBasis, error: type[NotProven], now: datetime
) -> None:
    unproven = msgspec.structs.replace(wish, basis=basis, live_prompt="p1")
    signed = msgspec.structs.replace(unproven, by="ann", reason="tested by hand")

    with pytest.raises(error):
        start(unproven, now=now)
    begun = start(signed, now=now)

    assert begun.rollout.basis.overruled_by == "ann"
    assert begun.rollout.basis.overruled_because == "tested by hand"
    assert "ann overruled the evidence" in begun.events[0].sentence


def test_where_the_cases_share_no_prompt_the_live_one_is_watched_for_edits(
    wish: Start, now: datetime
) -> None:
    promptless = msgspec.structs.replace(wish.basis, prompt_version="")
    begun = start(
        msgspec.structs.replace(wish, basis=promptless, live_prompt="p1", steady_prompt="p1"),
        now=now,
    )

    edited = step(begun.rollout, RolloutEvidence(prompt_version="p2"), now=now + HOUR)

    assert "share no prompt; the live one, p1, is watched" in begun.events[0].sentence
    assert (begun.rollout.basis.prompt_version, begun.rollout.basis.live_prompt) == ("", "p1")
    assert edited.rollout.state is RolloutState.ROLLED_BACK
    assert "It began with version p1, live is p2." in edited.events[0].sentence


def test_where_no_single_prompt_is_live_either_no_edit_is_claimed(
    wish: Start, now: datetime
) -> None:
    promptless = msgspec.structs.replace(wish.basis, prompt_version="")
    begun = start(msgspec.structs.replace(wish, basis=promptless, live_prompt="p1"), now=now)

    after = step(begun.rollout, RolloutEvidence(prompt_version="p2"), now=now + HOUR)

    assert begun.events[0].sentence.endswith("no single live one is known: edits are not watched.")
    assert after.rollout.state is RolloutState.ADVANCING


def test_who_overrules_a_replaced_prompt_has_the_live_one_watched(
    wish: Start, now: datetime
) -> None:
    signed = msgspec.structs.replace(wish, live_prompt="p2", by="ann", reason="one word differs")
    begun = start(signed, now=now)

    same = step(begun.rollout, RolloutEvidence(prompt_version="p2"), now=now + HOUR)
    edited = step(begun.rollout, RolloutEvidence(prompt_version="p3"), now=now + HOUR)

    assert same.rollout.state is RolloutState.ADVANCING
    assert edited.rollout.state is RolloutState.ROLLED_BACK


def test_a_rollout_that_runs_is_not_started_again(
    wish: Start, rollout: Rollout, now: datetime
) -> None:
    with pytest.raises(NotNow, match="has a rollout already: advancing at 5 %"):
        start(msgspec.structs.replace(wish, before=rollout), now=now)


@pytest.mark.parametrize(
    ("days", "run", "alpha", "starts"),
    [
        (1, "r-8", 0.025, False),
        (8, "r-7", 0.025, False),
        (8, "r-8", 0.05, False),
        (8, "r-8", 0.025, True),
    ],
)
def test_after_a_rollback_only_rest_and_a_new_verdict_at_half_the_risk_start_it(
    wish: Start,
    rollout: Rollout,
    pairs: Pairs,
    now: datetime,
    days: int,
    run: str,
    alpha: float,
    starts: bool,
) -> None:
    fallen = step(rollout, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + HOUR).rollout
    basis = RolloutBasis(run=run, verdict="switch", alpha=alpha)
    again = msgspec.structs.replace(
        wish, basis=basis, before=fallen, by="ann", reason="surely it is fine now"
    )

    if starts:
        begun = start(again, now=now + days * DAY).rollout
        assert begun.version == fallen.version + 1
        assert begun.requalification.rollbacks == 1
    else:
        with pytest.raises(NotNow):
            start(again, now=now + days * DAY)


def test_another_candidate_in_between_does_not_clear_a_candidates_name(
    wish: Start, rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    fallen = step(rollout, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + HOUR).rollout
    other = msgspec.structs.replace(wish, candidate="claude-sonnet-5-5", before=fallen)
    gone = command(
        start(other, now=now + HOUR).rollout, "abort", by="ann", reason="", now=now + HOUR
    ).rollout

    with pytest.raises(NotNow, match=r"rests for another 7\.0 days"):
        start(msgspec.structs.replace(wish, before=gone), now=now + HOUR)


def test_a_hold_keeps_the_share_and_undo_lets_it_go_on(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    held = command(rollout, "hold", by="ann", reason="release day", now=now + HOUR)
    evidence = RolloutEvidence(pairs=pairs([1.0] * 200))
    still = step(held.rollout, evidence, now=now + DAY)
    freed = command(still.rollout, "undo", by="ann", reason="", now=now + 2 * HOUR)

    assert still.wanted.share == 0.05
    assert freed.rollout.state is RolloutState.ADVANCING
    assert step(freed.rollout, evidence, now=now + DAY).wanted.share == 0.25


def test_a_held_rollout_is_still_taken_back_when_agreement_falls(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    held = command(rollout, "hold", by="ann", reason="", now=now + HOUR).rollout

    after = step(held, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + 2 * HOUR)

    assert after.wanted.share == 0.0


def test_a_promotion_needs_a_name_and_a_reason(rollout: Rollout, now: datetime) -> None:
    with pytest.raises(NotProven):
        command(rollout, "promote", by="ann", reason=" ", now=now + HOUR)

    promoted = command(rollout, "promote", by="ann", reason="board meeting", now=now + HOUR)

    assert promoted.wanted.share == 0.25
    assert (promoted.events[0].by, promoted.events[0].reason) == ("ann", "board meeting")


def test_a_promotion_with_the_evidence_there_needs_no_reason_and_says_so(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    held = command(rollout, "hold", by="ann", reason="", now=now).rollout
    enough = step(held, RolloutEvidence(pairs=pairs([1.0] * 150)), now=now + DAY).rollout

    promoted = command(enough, "promote", by="ann", reason="", now=now + DAY)

    assert promoted.events[0].sentence == (
        "Moved to 25 % by ann with the evidence there (150 pairs in the stage before)."
    )


def test_an_abort_goes_to_zero_and_undo_brings_it_back(rollout: Rollout, now: datetime) -> None:
    gone = command(rollout, "abort", by="ann", reason="", now=now + HOUR)
    back = command(gone.rollout, "undo", by="bob", reason="wrong type", now=now + 2 * HOUR)

    assert gone.wanted.share == 0.0
    assert back.wanted.share == 0.05
    assert back.events[0].sentence == "The abort was taken back by bob: advancing at 5 %."


def test_the_same_command_twice_is_one(rollout: Rollout, now: datetime) -> None:
    once = command(rollout, "abort", by="ann", reason="", now=now + HOUR)

    assert command(once.rollout, "abort", by="ann", reason="", now=now + HOUR).events == ()


def test_an_automatic_rollback_cannot_be_undone_or_promoted(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    held = command(rollout, "hold", by="ann", reason="", now=now + HOUR).rollout
    fallen = step(held, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + 2 * HOUR).rollout

    for what in ("undo", "promote", "hold"):
        with pytest.raises(NotNow):
            command(fallen, what, by="ann", reason="please", now=now + 3 * HOUR)


def test_undo_ends_after_a_day(rollout: Rollout, now: datetime) -> None:
    gone = command(rollout, "abort", by="ann", reason="", now=now).rollout

    with pytest.raises(NotNow):
        command(gone, "undo", by="ann", reason="", now=now + 25 * HOUR)


def test_a_hold_can_be_ended_however_long_and_through_whatever_it_held(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    held = command(rollout, "hold", by="ann", reason="frozen", now=now).rollout
    paused = step(held, RolloutEvidence(paused="no budget"), now=now + HOUR).rollout
    resumed = step(paused, RolloutEvidence(), now=now + 2 * HOUR).rollout
    starved = step(resumed, RolloutEvidence(), now=now + 9 * DAY).rollout
    again = pairs([1.0], at=now + 10 * DAY)
    back = step(starved, RolloutEvidence(pairs=again), now=now + 10 * DAY).rollout

    freed = command(back, "undo", by="ann", reason="", now=now + 10 * DAY).rollout

    states = [each.state.value for each in (held, paused, resumed, starved, back, freed)]
    assert states == [
        "holding_you",
        "paused",
        "holding_you",
        "degraded",
        "holding_you",
        "advancing",
    ]


@pytest.mark.parametrize("aside", [RolloutEvidence(), RolloutEvidence(paused="no budget")])
def test_a_promotion_to_the_end_is_undone_whole_though_it_was_set_aside_since(
    rollout: Rollout, now: datetime, aside: RolloutEvidence
) -> None:
    for _ in range(3):
        rollout = command(rollout, "promote", by="ann", reason="demo", now=now).rollout
    waits = step(rollout, aside, now=now + HOUR).rollout

    back = command(waits, "undo", by="ann", reason="", now=now + 2 * HOUR).rollout

    assert (back.state, back.stage) == (RolloutState.ADVANCING, 2)
    assert all(guard.limit is None for guard in back.guards)


def test_what_is_undone_is_not_set_aside_for_a_reason_nobody_knows_any_more(
    rollout: Rollout, now: datetime
) -> None:
    poor = RolloutEvidence(paused="the budget is used up")
    paused = step(rollout, poor, now=now + HOUR).rollout
    held = command(paused, "hold", by="ann", reason="", now=now + 2 * HOUR).rollout

    freed = command(held, "undo", by="ann", reason="", now=now + 3 * HOUR).rollout
    again = step(freed, poor, now=now + 4 * HOUR)
    resumed = step(again.rollout, RolloutEvidence(), now=now + 5 * HOUR)

    assert freed.state is RolloutState.ADVANCING
    assert again.events[0].sentence == (
        "Paused at 5 %: the budget is used up. Nothing moves on until it is over."
    )
    assert resumed.events[0].sentence == "Goes on at 5 %: the budget is used up no longer holds."


@pytest.mark.parametrize("what", ["hold", "promote"])
def test_what_is_done_is_neither_held_nor_promoted_while_it_is_paused(
    rollout: Rollout, now: datetime, what: Command
) -> None:
    done = msgspec.structs.replace(rollout, state=RolloutState.DONE, stage=2)
    paused = step(done, RolloutEvidence(paused="no budget"), now=now + HOUR).rollout

    with pytest.raises(NotNow, match="it is done"):
        command(paused, what, by="ann", reason="because", now=now + HOUR)


def test_an_abort_of_what_was_rolled_back_ends_its_way_back_and_undo_opens_it_again(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    fallen = step(rollout, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + HOUR).rollout
    week = now + 8 * DAY

    given_up = command(fallen, "abort", by="ann", reason="enough", now=now + 2 * HOUR)
    twice = command(given_up.rollout, "abort", by="ann", reason="enough", now=now + 3 * HOUR)
    back = command(given_up.rollout, "undo", by="ann", reason="", now=now + 3 * HOUR).rollout

    assert given_up.events[0].sentence == (
        "Stays on claude-opus-5-5: it is not tried again by itself, says ann."
    )
    assert twice.events == ()
    assert step(given_up.rollout, RolloutEvidence(), now=week).events == ()
    assert (back.state_because, back.requalification) == ("agreement", fallen.requalification)
    assert [event.kind for event in step(back, RolloutEvidence(), now=week).events] == ["cooled"]


def test_a_promotion_to_the_end_can_be_undone(rollout: Rollout, now: datetime) -> None:
    for _ in range(3):
        rollout = command(rollout, "promote", by="ann", reason="demo", now=now).rollout

    back = command(rollout, "undo", by="ann", reason="", now=now + HOUR)

    assert rollout.state is RolloutState.DONE
    assert back.rollout.state is RolloutState.ADVANCING
    assert all(guard.limit is None for guard in back.rollout.guards)


def test_shadow_calls_wait_for_batches_from_a_command_on(wish: Start, now: datetime) -> None:
    rollout = start(wish, now=now).rollout

    waits = command(rollout, "batch", by="ann", reason="", now=now)

    assert waits.rollout.shadow_batched
    assert waits.wanted == start(wish, now=now).wanted
    assert waits.events[0].sentence == (
        "From now on shadow calls wait for batches, at half the price, which the provider may hold "
        "for 29 days, says ann."
    )
    assert command(waits.rollout, "batch", by="bob", reason="", now=now).events == ()
    assert not command(waits.rollout, "live", by="bob", reason="", now=now).rollout.shadow_batched


def test_a_start_says_whether_shadow_calls_may_wait(wish: Start, now: datetime) -> None:
    assert not start(wish, now=now).rollout.shadow_batched
    waits = msgspec.structs.replace(wish, shadow_batched=True)
    begun = start(waits, now=now)
    assert begun.rollout.shadow_batched
    assert begun.events[0].sentence.endswith("which the provider may hold for 29 days.")


def verdict(measure: Measure, *, agreement: float | None, pairs: int, both: int = 0) -> Verdict:
    return Verdict(
        type="triage",
        baseline="a",
        candidate="b",
        pairs=pairs,
        measure=measure,
        estimate=0.0,
        agreement=agreement,
        noise_floor=None,
        lower=0.0,
        upper=0.1,
        limit=-0.03,
        verdict=Word.SWITCH,
        reason="as_good",
        both=both,
    )


@pytest.mark.parametrize(
    ("found", "p_ok"),
    [
        (verdict(Measure.AGREEMENT, agreement=0.97, pairs=100), 0.95),
        (verdict(Measure.QUALITY, agreement=0.70, pairs=400), 0.620),
        (verdict(Measure.QUALITY, agreement=None, pairs=400, both=360), 0.849),
    ],
)
def test_agreement_is_held_against_95_percent_or_what_was_proved(
    found: Verdict, p_ok: float
) -> None:
    assert basis_of(found, run="r").p_ok == pytest.approx(p_ok, abs=0.001)


def test_after_a_keep_the_poor_agreement_that_was_found_is_not_held_to_be_fine() -> None:
    found = verdict(Measure.QUALITY, agreement=0.50, pairs=80)

    kept = msgspec.structs.replace(found, verdict=Word.KEEP)

    assert basis_of(kept, run="r").p_ok == 0.95


@pytest.mark.parametrize(
    ("found", "p_ok"),
    [
        (verdict(Measure.QUALITY, agreement=0.80, pairs=20), 0.80),
        (verdict(Measure.QUALITY, agreement=None, pairs=40, both=34), 0.85),
        (verdict(Measure.AGREEMENT_CEILING, agreement=0.91, pairs=60), 0.91),
        (verdict(Measure.AGREEMENT, agreement=0.80, pairs=20), 0.90),
        (verdict(Measure.AGREEMENT, agreement=0.92, pairs=60), 0.92),
        (verdict(Measure.AGREEMENT, agreement=1.0, pairs=20), 0.95),
    ],
)
def test_after_a_not_yet_few_pairs_are_no_reason_for_patience(found: Verdict, p_ok: float) -> None:
    """
    The bound of 20 pairs that agree in 80 % is 52 %: nothing would ever be taken back.
    """
    limit = 0.90 if found.measure is Measure.AGREEMENT else -0.03
    undecided = msgspec.structs.replace(found, verdict=Word.NOT_YET, limit=limit)

    assert basis_of(undecided, run="r").p_ok == pytest.approx(p_ok)


def test_a_plan_is_a_name_or_shares() -> None:
    assert [stage.share for stage in named_plan("cautious").stages] == [0.01, 0.05, 0.25, 1.0]
    assert [stage.shadow for stage in named_plan("0/10/100").stages] == [0.05, 0.5, 0.05]


@pytest.mark.parametrize("text", ["fast", "25/5/100", "5//100", "5/200", "0", "", "5/5/100"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="is no rollout plan"):
        named_plan(text)


def test_a_prompt_that_is_steady_for_an_hour_is_watched_where_none_was_known(
    wish: Start, now: datetime
) -> None:
    promptless = msgspec.structs.replace(wish.basis, prompt_version="")
    begun = start(msgspec.structs.replace(wish, basis=promptless), now=now)
    steady = RolloutEvidence(prompt_version="p1", steady_prompt="p1")

    settled = step(begun.rollout, steady, now=now + HOUR)
    again = step(settled.rollout, steady, now=now + 2 * HOUR)
    edited = step(settled.rollout, RolloutEvidence(prompt_version="p2"), now=now + 2 * HOUR)

    assert [event.kind for event in settled.events] == ["noted"]
    assert settled.rollout.state is RolloutState.ADVANCING
    assert again.events == ()
    assert edited.rollout.state is RolloutState.ROLLED_BACK


def test_a_prompt_that_was_proved_is_never_replaced_by_what_is_live(
    rollout: Rollout, now: datetime
) -> None:
    after = step(rollout, RolloutEvidence(steady_prompt="p2"), now=now + HOUR)

    assert after.rollout is rollout
