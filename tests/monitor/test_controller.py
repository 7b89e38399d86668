"""Where a rollout goes next, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from suffice.monitor import named_plan, step, wanted
from suffice.records import (
    ArmCounts,
    ArmWindow,
    Recheck,
    RollbackCause,
    Rollout,
    RolloutEvidence,
    RolloutState,
    ShadowPair,
)

Pairs = Callable[..., tuple[ShadowPair, ...]]
GOOD_STAGE = [1.0] * 29 + [0.0]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_stage_with_its_pairs_moves_on_and_says_why(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    after = step(rollout, RolloutEvidence(pairs=pairs(GOOD_STAGE * 5)), now=now + DAY)

    assert (after.wanted.share, after.wanted.shadow) == (0.25, 0.2)
    assert [event.sentence for event in after.events] == [
        "Moved to 25 %: 150 pairs >= 150 in 1.0 days, agreement 96.7 % (145 of 150)."
    ]


def test_a_stage_without_its_pairs_stays_however_long_it_takes(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    late = now + 300 * DAY
    evidence = RolloutEvidence(pairs=pairs([1.0] * 149, at=late - DAY))

    assert step(rollout, evidence, now=late).wanted.share == 0.05


def test_a_stage_takes_its_least_time_however_many_pairs_there_are(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    week = msgspec.structs.replace(rollout, plan=named_plan(least_days=7))
    evidence = RolloutEvidence(pairs=pairs([1.0] * 900, at=now + 6 * DAY))

    early = step(week, evidence, now=now + 6 * DAY)
    late = step(early.rollout, evidence, now=now + 7 * DAY)

    assert (early.wanted.share, late.wanted.share) == (0.05, 0.25)


def test_the_last_stage_ends_with_a_share_held_out(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    for stage in range(3):
        late = now + (stage + 1) * DAY
        fresh = pairs(GOOD_STAGE * 5, first=1 + 150 * stage, at=late - HOUR)
        after = step(rollout, RolloutEvidence(pairs=fresh), now=late)
        rollout = after.rollout

    assert rollout.state is RolloutState.DONE
    assert after.wanted.share == 0.98
    assert after.events[0].sentence.endswith("2 % stays on claude-opus-5-5 to compare.")


def test_the_same_evidence_twice_changes_nothing_more(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    evidence = RolloutEvidence(pairs=pairs(GOOD_STAGE * 2))
    once = step(rollout, evidence, now=now + HOUR)

    twice = step(once.rollout, evidence, now=now + HOUR)

    assert twice.rollout is once.rollout
    assert twice.events == ()


def test_a_fall_goes_back_to_the_baseline_at_once(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    fallen = pairs([1.0, 1.0, 1.0, 0.0] * 40)

    after = step(rollout, RolloutEvidence(pairs=fallen), now=now + HOUR)

    assert after.rollout.state is RolloutState.ROLLED_BACK
    assert (after.wanted.share, after.wanted.shadow) == (0.0, 0.0)
    (event,) = after.events
    assert event.limit == 5 * 36_500
    assert event.value is not None
    assert event.value >= event.limit
    assert "after 52 pairs; the latest 50: agreement 74.0 % (37 of 50)" in event.sentence


def test_what_leans_against_the_candidate_holds_the_stage_undecided(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    weak = pairs([*([1.0] * 9 + [0.0]) * 14, *[1.0] * 10])

    after = step(rollout, RolloutEvidence(pairs=weak), now=now + DAY)

    assert after.rollout.state is RolloutState.HOLDING_UNDECIDED
    assert after.wanted.share == 0.05
    assert after.events[0].sentence == (
        "Stays at 5 %, undecided: agreement 90.7 % (136 of 150) leans against 95 %: "
        "evidence 6.6 >= 4."
    )


def test_a_held_stage_goes_on_once_the_pairs_speak_for_it(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    weak = pairs([*([1.0] * 9 + [0.0]) * 14, *[1.0] * 10])
    held = step(rollout, RolloutEvidence(pairs=weak), now=now + DAY).rollout

    after = step(held, RolloutEvidence(pairs=pairs([1.0] * 150, first=151)), now=now + 2 * DAY)

    assert after.wanted.share == 0.25


def test_a_stage_with_too_many_pairs_missing_is_held(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    gaps = pairs([None, *[1.0] * 30] * 5)

    after = step(rollout, RolloutEvidence(pairs=gaps), now=now + DAY)

    assert after.rollout.state is RolloutState.HOLDING_UNDECIDED
    assert "5 of 155 pairs have no score: 3.226 % > 2 %" in after.events[0].sentence


def test_what_was_missing_in_one_stage_does_not_hold_the_next(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    """Three of 153 are within 2 %; three more of 150 are so too, though not of all."""
    first = pairs([None, *[1.0] * 50] * 3)
    second = pairs([None, *[1.0] * 50] * 3, first=154, at=now + DAY + HOUR)

    early = step(rollout, RolloutEvidence(pairs=first), now=now + DAY)
    late = step(early.rollout, RolloutEvidence(pairs=second), now=now + 2 * DAY)

    assert (early.wanted.share, late.wanted.share) == (0.25, 0.98)
    assert late.rollout.watch.missing == 6
    assert late.rollout.watch.stage_missing == 0


def test_a_week_without_a_pair_is_degraded_and_a_pair_ends_it(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    quiet = step(rollout, RolloutEvidence(), now=now + 7 * DAY)
    again = pairs([1.0], at=now + 8 * DAY)
    back = step(quiet.rollout, RolloutEvidence(pairs=again), now=now + 8 * DAY)

    assert quiet.rollout.state is RolloutState.DEGRADED
    assert quiet.wanted.share == 0.05
    assert quiet.events[0].sentence == (
        "Not enough data at 5 %: no scored pair for 7.0 days >= 7.0 days. "
        "Nothing moves on unwatched."
    )
    assert back.rollout.state is RolloutState.ADVANCING


def test_a_scorer_that_fails_is_degraded(rollout: Rollout, pairs: Pairs, now: datetime) -> None:
    after = step(rollout, RolloutEvidence(pairs=pairs([1.0, *[None] * 20])), now=now + HOUR)

    assert after.rollout.state is RolloutState.DEGRADED


def for_reasons(pairs: tuple[ShadowPair, ...], *reasons: str) -> tuple[ShadowPair, ...]:
    return tuple(
        msgspec.structs.replace(pair, why_missing=why)
        for pair, why in zip(pairs, reasons, strict=True)
    )


def test_a_scorer_that_fails_is_degraded_for_the_commonest_reason_in_a_row(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    before = for_reasons(pairs([None] * 15 + [1.0]), *["the batch expired"] * 15, "")
    first = for_reasons(pairs([None] * 9, first=17), *["HTTP 401"] * 6, *["HTTP 529"] * 3)
    last = for_reasons(pairs([None] * 11, first=26), *["HTTP 529"] * 9, "", "HTTP 401")

    once = step(rollout, RolloutEvidence(pairs=before + first), now=now + HOUR).rollout
    after = step(once, RolloutEvidence(pairs=before + first + last), now=now + HOUR)

    [event] = after.events
    assert event.sentence == (
        "Not enough data at 5 %: 20 pairs in a row without a score >= 20 (12 of them: HTTP 529). "
        "Nothing moves on unwatched."
    )


def test_a_week_of_unscored_pairs_says_what_was_wrong_with_them(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    unscored = for_reasons(pairs([None] * 2), "the batch expired", "the batch expired")

    after = step(rollout, RolloutEvidence(pairs=unscored), now=now + 7 * DAY)

    assert after.rollout.state_because == (
        "no scored pair for 7.0 days >= 7.0 days; without a score since: 2 "
        "(2 of them: the batch expired)"
    )


def test_however_many_reasons_there_are_few_are_remembered(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    made_up = [f"HTTP {number}\x1b" + "x" * 500 for number in range(400)]
    evidence = RolloutEvidence(pairs=for_reasons(pairs([None] * 400), *made_up))

    watch = step(rollout, evidence, now=now + HOUR).rollout.watch

    assert watch.recent_missing == 400
    assert len(watch.recent_missing_why) == 16
    assert all(len(why) == 80 and why.isprintable() for why in watch.recent_missing_why)


def test_a_used_up_budget_pauses_and_the_fall_is_still_seen(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    poor = "the day's shadow budget of $2.00 is used up"
    paused = step(rollout, RolloutEvidence(paused=poor), now=now + HOUR)
    bad = RolloutEvidence(paused=poor, pairs=pairs([0.0] * 20))

    assert paused.rollout.state is RolloutState.PAUSED
    assert (paused.wanted.share, paused.wanted.shadow) == (0.05, 0.0)
    assert step(paused.rollout, bad, now=now + HOUR).wanted.share == 0.0
    assert step(paused.rollout, RolloutEvidence(), now=now + HOUR).rollout.state is (
        RolloutState.ADVANCING
    )


def test_another_prompt_voids_the_evidence_at_once(rollout: Rollout, now: datetime) -> None:
    after = step(rollout, RolloutEvidence(prompt_version="p2"), now=now + HOUR)

    assert after.wanted.share == 0.0
    assert after.rollout.requalification.cause is RollbackCause.PROMPT
    assert after.rollout.requalification.rollbacks == 0
    assert after.events[0].sentence.startswith(
        "Rolled back to claude-opus-5-5: the prompt has changed. r-7 was about version p1, live is p2."
    )


def test_a_later_keep_on_held_out_cases_goes_back(rollout: Rollout, now: datetime) -> None:
    keep = Recheck(run="r-9", at=now + HOUR, verdict="keep", sentence="It lost 9 of 100.")

    after = step(rollout, RolloutEvidence(recheck=keep), now=now + HOUR)

    assert after.wanted.share == 0.0


def errors_of(candidate: int, baseline: int, *, seq: int, now: datetime) -> tuple[ArmWindow, ...]:
    return (
        ArmWindow(
            seq=seq,
            type="triage",
            began=now,
            ended=now + HOUR,
            candidate=ArmCounts(seen=500, errors=candidate),
            baseline=ArmCounts(seen=9_500, errors=baseline),
        ),
    )


def test_more_errors_in_the_candidates_arm_go_back(rollout: Rollout, now: datetime) -> None:
    after = step(
        rollout, RolloutEvidence(windows=errors_of(30, 95, seq=1, now=now)), now=now + HOUR
    )

    assert after.rollout.requalification.cause is RollbackCause.ERRORS
    assert "with an error on claude-haiku-5-5: 30 of 500 (6 %) against 95 of 9,500 (1 %)" in (
        after.events[0].sentence
    )


def test_an_outage_that_strikes_both_arms_is_nobodys_fault(rollout: Rollout, now: datetime) -> None:
    after = step(
        rollout, RolloutEvidence(windows=errors_of(250, 4_750, seq=1, now=now)), now=now + HOUR
    )

    assert after.rollout.state is RolloutState.ADVANCING


def test_a_changed_mix_is_told_once_and_moves_nothing(rollout: Rollout, now: datetime) -> None:
    mix = tuple([0.20, 0.22, 0.19, 0.21, 0.23, 0.20, 0.18] * 4 + [0.4] * 7)
    evidence = RolloutEvidence(daily_shares=mix)

    once = step(rollout, evidence, now=now + HOUR)
    twice = step(once.rollout, evidence, now=now + HOUR)

    assert [event.kind for event in once.events] == ["mix_changed"]
    assert once.wanted == wanted(rollout)
    assert twice.events == ()


@pytest.fixture
def fallen(rollout: Rollout, pairs: Pairs, now: datetime) -> Rollout:
    return step(rollout, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + HOUR).rollout


def test_after_a_rollback_it_rests_and_then_tries_unseen(fallen: Rollout, now: datetime) -> None:
    resting = step(fallen, RolloutEvidence(), now=now + 7 * DAY)
    again = step(fallen, RolloutEvidence(), now=now + 7 * DAY + HOUR)

    assert resting.rollout is fallen
    assert again.rollout.state is RolloutState.SHADOW
    assert (again.wanted.share, again.wanted.shadow) == (0.0, 0.05)
    assert "above 90 % at 2.5 % risk (rolled back once so far)" in again.events[0].sentence


def test_it_serves_again_only_after_proof_at_half_the_risk(
    fallen: Rollout, pairs: Pairs, now: datetime
) -> None:
    """47 clean pairs prove 90 % at 5 % risk; 2.5 % needs 56."""
    late = now + 8 * DAY
    shadow = step(fallen, RolloutEvidence(), now=late).rollout
    clean = pairs([1.0] * 60, first=100, at=late + HOUR)

    early = step(shadow, RolloutEvidence(pairs=clean[:55]), now=late + HOUR)
    enough = step(shadow, RolloutEvidence(pairs=clean[:56]), now=late + HOUR)

    assert (early.wanted.share, enough.wanted.share) == (0.0, 0.05)
    assert enough.events[0].sentence == (
        "Qualified again and moved to 5 %: agreement 100.0 % (56 of 56), above 90 % at 2.5 % risk. "
        "Evidence 42 >= 40."
    )


def test_pairs_from_before_the_rollback_prove_nothing(
    fallen: Rollout, pairs: Pairs, now: datetime
) -> None:
    late = now + 8 * DAY
    shadow = step(fallen, RolloutEvidence(), now=late).rollout
    old = pairs([1.0] * 300, first=100, at=now + HOUR)

    assert step(shadow, RolloutEvidence(pairs=old), now=late + HOUR).wanted.share == 0.0


def test_a_second_fall_quarters_the_risk(fallen: Rollout, pairs: Pairs, now: datetime) -> None:
    late = now + 8 * DAY
    shadow = step(fallen, RolloutEvidence(), now=late).rollout
    bad = pairs([0.0] * 20, first=100, at=late + HOUR)

    again = step(shadow, RolloutEvidence(pairs=bad), now=late + HOUR).rollout

    assert again.state is RolloutState.ROLLED_BACK
    assert again.requalification.alpha == 0.0125


def test_a_pause_a_day_does_not_hide_that_no_scored_pair_ever_comes(
    rollout: Rollout, now: datetime
) -> None:
    """
    As where other types use the day's budget up, every day, and this one's pairs are lost.
    """
    poor, kinds = RolloutEvidence(paused="the day's budget is used up"), []
    for day in range(1, 9):
        for evidence, hours in ((poor, 18), (RolloutEvidence(), 24)):
            after = step(rollout, evidence, now=now + (day - 1) * DAY + hours * HOUR)
            rollout = after.rollout
            kinds += [event.kind for event in after.events]

    assert kinds[:4] == ["paused", "resumed", "paused", "resumed"]
    assert "degraded" in kinds


def test_a_clock_that_was_ahead_leaves_nobody_unwatched(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    """
    The stage began in next year by a clock's mistake; the pairs of today are its pairs.
    """
    year = now + 365 * DAY
    enough = RolloutEvidence(pairs=pairs([1.0] * 150, at=year - HOUR))
    ahead = step(rollout, enough, now=year).rollout
    fall = pairs([0.0] * 40, first=1_000, at=now + 2 * DAY)

    after = step(ahead, RolloutEvidence(pairs=fall), now=now + 2 * DAY)

    assert ahead.stage_began == year
    assert after.rollout.state is RolloutState.ROLLED_BACK
    assert after.rollout.watch.stage_pairs == after.rollout.watch.pairs - 150


def test_what_was_tried_again_by_a_clock_that_was_ahead_qualifies_by_todays_pairs(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    fallen = step(rollout, RolloutEvidence(pairs=pairs([0.0] * 40)), now=now + HOUR).rollout
    ahead = step(fallen, RolloutEvidence(), now=now + 365 * DAY).rollout
    good = pairs([1.0] * 200, first=1_000, at=now + 2 * HOUR)

    settled = step(ahead, RolloutEvidence(), now=now + 2 * HOUR).rollout
    after = step(settled, RolloutEvidence(pairs=good), now=now + 3 * HOUR)

    assert ahead.state is RolloutState.SHADOW
    assert [event.kind for event in after.events] == ["requalified"]


def test_a_rest_never_becomes_longer_by_a_clock_that_was_ahead(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    year = now + 365 * DAY
    late = pairs([0.0] * 40, at=year - HOUR)
    fallen = step(rollout, RolloutEvidence(pairs=late), now=year).rollout

    today = step(fallen, RolloutEvidence(), now=now + DAY).rollout
    after = step(today, RolloutEvidence(), now=now + 8 * DAY)

    assert [event.kind for event in after.events] == ["cooled"]


def test_clocks_that_differ_by_seconds_move_nothing(rollout: Rollout, now: datetime) -> None:
    assert step(rollout, RolloutEvidence(), now=now - timedelta(seconds=30)).rollout is rollout


def test_where_more_pairs_come_than_expected_the_limit_grows_with_them(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    """
    A type of 20 sessions a day, watched wholly once it is done.

    With a limit for one pair a day a false alarm might come every 91 days.
    """
    small = msgspec.structs.replace(
        rollout,
        state=RolloutState.DONE,
        stage=2,
        watch=msgspec.structs.replace(rollout.watch, pairs_per_year=365.25),
    )
    few = RolloutEvidence(pairs=pairs([1.0] * 80, at=now + 4 * DAY))
    many = RolloutEvidence(pairs=pairs([1.0] * 100, at=now + 5 * DAY))

    early = step(small, few, now=now + 4 * DAY)
    after = step(small, many, now=now + 5 * DAY)

    assert early.events == ()
    assert after.rollout.watch.limit == pytest.approx(5 * 20 * 365.25)
    assert after.events[0].sentence == (
        "More pairs come than were expected: 20.0 a day over 5.0 days, not 1.0. The alarm is "
        "raised at 36,525 from now on, not 1,826, so that false alarms stay 5 years apart."
    )
    assert step(after.rollout, many, now=now + 6 * DAY).events == ()


def test_a_few_more_pairs_than_expected_are_no_news(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    held = msgspec.structs.replace(rollout, state=RolloutState.HOLDING_YOU)
    evidence = RolloutEvidence(pairs=pairs([1.0] * 1_000, at=now + 7 * DAY))

    assert step(held, evidence, now=now + 7 * DAY).events == ()
