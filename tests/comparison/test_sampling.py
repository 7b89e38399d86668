"""Cases are drawn so that each counts as independent of the others."""

from __future__ import annotations

import random
import time

import msgspec

from suffice.comparison.near_duplicates import NearDuplicates
from suffice.comparison.sampling import Wanted, draw
from suffice.records import Case


def _case(number: int, text: str = "", *, group: str | None = None, reference: str = "") -> Case:
    request = {"messages": [{"role": "user", "content": text or f"request {number}"}]}
    return Case(id=f"c{number}", type="t", request=request, group=group, reference=reference)


def _prose(seed: int, words: int = 80) -> str:
    dice = random.Random(seed)
    return " ".join(f"w{dice.randrange(5000)}" for _ in range(words))


def test_the_same_seed_draws_the_same_cases_and_another_seed_others() -> None:
    cases = [_case(n) for n in range(300)]

    first, same, other = (
        draw(cases, dice=random.Random(seed), wanted=Wanted(main=50)) for seed in (1, 1, 2)
    )

    assert first == same
    assert first.main != other.main
    assert first.main != tuple(sorted(first.main))


def test_the_pilot_is_held_out_of_the_test() -> None:
    drawn = draw([_case(n) for n in range(1000)], dice=random.Random(1), wanted=Wanted())

    assert len(drawn.pilot) == 60
    assert len(drawn.main) == 620
    assert not set(drawn.pilot) & set(drawn.main)
    assert drawn.left_out.not_drawn == 320


def test_a_small_type_gives_at_most_a_third_to_the_pilot() -> None:
    drawn = draw([_case(n) for n in range(90)], dice=random.Random(1), wanted=Wanted())

    assert (len(drawn.pilot), len(drawn.main)) == (30, 60)


def test_one_case_of_a_session_counts() -> None:
    cases = [_case(n, group=f"session {n % 10}") for n in range(100)]

    drawn = draw(cases, dice=random.Random(1), wanted=Wanted(pilot=0))

    assert len(drawn.main) == 10
    assert drawn.left_out.same_group == 90


def test_near_duplicates_are_left_out_and_counted() -> None:
    cases = [_case(n, f"{_prose(n % 40)} number {n}") for n in range(200)]

    drawn = draw(cases, dice=random.Random(1), wanted=Wanted(pilot=0))

    assert len(drawn.main) == 40
    assert drawn.left_out.near_duplicates == 160


def test_short_texts_are_never_near_duplicates() -> None:
    cases = [_case(n, "is this spam") for n in range(30)]

    assert len(draw(cases, dice=random.Random(1), wanted=Wanted(pilot=0)).main) == 30


def test_two_tickets_under_one_long_instruction_are_two_tickets() -> None:
    instruction = _prose(0, words=400)
    cases = [_case(n, f"{instruction}\n{_prose(n + 1, words=25)}") for n in range(60)]

    assert len(draw(cases, dice=random.Random(1), wanted=Wanted(pilot=0)).main) == 60


def test_a_rare_class_gets_extra_draws_which_stay_out_of_the_main_sample() -> None:
    """Two in a hundred are refunds: the main sample of 80 holds too few for the refund gate."""
    cases = [_case(n, reference="refund" if n % 50 == 0 else "other") for n in range(4000)]

    drawn = draw(
        cases,
        dice=random.Random(3),
        wanted=Wanted(main=80, pilot=0, per_class=31),
        label_of=lambda case: str(case.reference),
    )

    by_id = {case.id: case for case in cases}
    refunds = sum(by_id[one].reference == "refund" for one in drawn.main)
    assert len(drawn.extra["refund"]) == 31 - refunds
    assert {by_id[one].reference for one in drawn.extra["refund"]} == {"refund"}
    assert not set(drawn.extra["refund"]) & set(drawn.main)


def test_every_case_is_accounted_for() -> None:
    cases = [
        _case(n, f"{_prose(n % 700)} {n}", group=f"g{n % 900}" if n % 3 else None)
        for n in range(2000)
    ]

    drawn = draw(cases, dice=random.Random(1), wanted=Wanted(main=200))

    left = drawn.left_out
    total = len(drawn.main) + len(drawn.pilot) + left.same_group + left.near_duplicates
    assert total + left.not_drawn == 2000


def test_finding_near_duplicates_takes_no_quadratic_time() -> None:
    """Four times the texts may take a little over four times as long, and not sixteen."""
    texts = [f"{_prose(n % 20_000, words=60)} {n}" for n in range(24_000)]

    def seconds(count: int) -> float:
        seen = NearDuplicates(texts[:400])
        begun = time.process_time()
        kept = sum(seen.is_new(text) for text in texts[:count])
        assert kept == min(count, 20_000)
        return time.process_time() - begun

    assert seconds(24_000) < 10 * seconds(6_000)


def test_near_duplicates_are_those_a_comparison_of_all_pairs_finds() -> None:
    dice = random.Random(4)
    texts = []
    for seed in range(60):
        words = _prose(seed, words=120).split()
        texts.append(" ".join(words))
        for changes in (0, 1, 2, 3):
            changed = list(words)
            for _ in range(changes):
                changed[dice.randrange(len(changed))] = f"new{dice.randrange(10**6)}"
            texts.append(" ".join(changed))
    dice.shuffle(texts)

    kept: list[set[tuple[str, ...]]] = []
    expected = []
    for text in texts:
        words = text.split()
        shingles = {tuple(words[n : n + 5]) for n in range(len(words) - 4)}
        is_new = all(len(shingles & one) < 0.9 * len(shingles | one) for one in kept)
        expected.append(is_new)
        if is_new:
            kept.append(shingles)
    seen = NearDuplicates([])

    assert [seen.is_new(text) for text in texts] == expected
    assert 60 < sum(expected) < 250


def test_cases_somebody_drew_for_a_class_feed_only_that_class() -> None:
    """
    A file may hold extra draws, marked; the main sample stays a simple random one.
    """
    plain = [_case(n) for n in range(90)]
    marked = [
        msgspec.structs.replace(_case(n), meta={"extra_class": "refund"}) for n in range(90, 99)
    ]

    drawn = draw([*marked, *plain], dice=random.Random(1), wanted=Wanted(main=90, pilot=30))

    assert drawn.extra == {"refund": tuple(case.id for case in marked)}
    assert {*drawn.pilot, *drawn.main} == {case.id for case in plain}
    assert drawn.left_out.not_drawn == 0
