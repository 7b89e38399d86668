"""A summary keeps to its length and to what its text says; a long text is read in pieces."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.records import Failure, FailureKind, ModelSpec
from suffice.tasks import Batch, Outcome, Runner, Unresolved, summarize, using
from suffice.tasks.claims import Stated
from suffice.testing import ScriptedModels, answering

SMALL, MIDDLE = "claude-haiku-5-5", "claude-sonnet-5-5"
TEXT = "In May 2026 Acme sold 1,203 units. Jane Roe was pleased. It rained in Lyon."


def runner(models: ScriptedModels) -> Runner:
    return Runner(models, ladder=lambda *_: (SMALL, MIDDLE), price=lambda *_: Decimal(1))


def ask(models: ScriptedModels, text: str = TEXT, **wanted: Any) -> Outcome[str]:
    with using(runner(models)):
        return summarize.outcome(text, **wanted)


def test_a_summary_that_keeps_to_length_and_text_is_given_back_with_its_check() -> None:
    models = answering("Acme sold 1203 units in May.\n")
    outcome = ask(models, sentences=1, words=10)
    assert outcome.value == "Acme sold 1203 units in May."
    assert (outcome.details.words, outcome.details.sentences) == (6, 1)
    assert (outcome.details.unsupported, outcome.details.pieces) == ((), ())
    assert len(models.asked) == 1


def test_a_summary_that_is_too_long_is_told_so_once_then_the_next_model_is_asked() -> None:
    long = "Acme sold 1203 units. It rained. Roe smiled."
    models = answering(long, long, "Acme sold 1203 units.")
    outcome = ask(models, sentences=2)
    assert outcome.value == "Acme sold 1203 units."
    assert [(one.model, one.repair) for one in outcome.attempts] == [
        (SMALL, False),
        (SMALL, True),
        (MIDDLE, False),
    ]
    told = models.asked[1].request["messages"][-1]["content"]
    assert "It has 3 sentences; 2 is the most." in told


def test_a_summary_that_stays_too_long_is_no_answer() -> None:
    outcome = ask(answering("one two three four"), words=3)
    assert isinstance(outcome.value, Unresolved)
    assert (outcome.value.reason, outcome.value.detail) == (
        "length",
        "It has 4 words; 3 is the most.",
    )


def test_a_made_up_figure_is_told_once_and_the_mended_summary_is_taken() -> None:
    models = answering("Acme sold 1,302 units.", "Acme sold 1,203 units.")
    outcome = ask(models)
    assert (outcome.value, outcome.details.unsupported) == ("Acme sold 1,203 units.", ())
    told = models.asked[1].request["messages"][-1]["content"]
    assert "The text does not say: 1,302." in told
    doubted = outcome.attempts[0].doubted
    assert doubted is not None
    assert doubted.reason == "not_in_source"
    assert outcome.usd == 2


def test_what_is_made_up_still_is_named_and_the_summary_given_back() -> None:
    models = answering("Acme sold units to John in Paris.")
    outcome = ask(models)
    assert outcome.value == "Acme sold units to John in Paris."
    assert outcome.details.unsupported == ("John", "Paris")
    assert [asked.model for asked in models.asked] == [SMALL, SMALL]


def test_grounded_takes_nothing_that_is_made_up() -> None:
    outcome = ask(answering("It rained in Paris."), grounded=True)
    assert isinstance(outcome.value, Unresolved)
    assert (outcome.value.reason, outcome.value.detail) == (
        "not_in_source",
        "The text does not say: Paris.",
    )
    assert [one.model for one in outcome.attempts] == [SMALL, SMALL, MIDDLE, MIDDLE]


def test_a_repair_that_cannot_be_used_leaves_the_first_summary() -> None:
    models = answering("It rained in Paris.", "far too many words this time, all of them")
    outcome = ask(models, words=4)
    assert outcome.value == "It rained in Paris."
    assert outcome.details.unsupported == ("Paris",)


@pytest.mark.parametrize(
    "said",
    [
        "There are two sentences.",
        "I cannot do this.",
        "The reader must not use more than three sentences for a headline.",
    ],
)
def test_what_shares_hardly_a_word_with_the_text_is_no_summary_of_it(said: str) -> None:
    outcome = ask(answering(said))
    assert isinstance(outcome.value, Unresolved)
    assert (outcome.value.reason, outcome.value.detail) == (
        "not_in_source",
        "It does not speak of the text.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT, "Rain."),
        ("Die Firma verkaufte im Mai 1203 Stück.", "Die Firma hat 1203 Stück verkauft."),
        ("Компания продала 1203 единицы в мае.", "В мае продано 1203 единицы."),
        ("五月卖出一千二百零三件。", "五月销量很好。"),
    ],
)
def test_own_words_inflected_words_and_other_scripts_are_no_reason_for_doubt(
    text: str, said: str
) -> None:
    assert ask(answering(said), text).value == said


def test_summaries_of_real_models_speak_of_their_text(recorded_data: Path) -> None:
    """
    None of 7,701 is thought to speak of something else; of the next article's, 3,623 would be.
    """
    texts, said = [], []
    with gzip.open(recorded_data / "vectara_summaries.jsonl.gz", "rt") as rows:
        for row in map(json.loads, rows):
            texts.append(row["prompt"][-1]["content"].partition("assage provided")[2])
            said.append([one for one in row["outputs"].values() if not is_refused(one)])
    alien: Counter[str] = Counter()
    for number, summaries in enumerate(said):
        own, other = Stated(texts[number]), Stated(texts[(number + 1) % len(texts)])
        for one in summaries:
            if (shared := own.shared(one)) is not None:
                alien["summaries"] += 1
                alien["own"] += shared < 0.2
                alien["other"] += (other.shared(one) or 0.0) < 0.2
    assert alien == {"summaries": 7_701, "own": 0, "other": 3_623}


def is_refused(summary: str) -> bool:
    return "cannot do it" in summary.lower() or "FAILED TO RETURN" in summary


def test_focus_style_and_length_stand_in_the_prompt_and_make_its_version() -> None:
    job = summarize.job(TEXT, sentences=2, words=1, focus="the weather", style="bullets")
    for part in ("at most 2 sentences and 1 word.", "to know: the weather", '"- "'):
        assert part in job.prompt
    versions = {
        summarize.job(TEXT, sentences=2).type,
        summarize.job(TEXT, sentences=3).type,
        summarize.job(TEXT, words=3).type,
        summarize.job(TEXT, style="plain").type,
        summarize.job(TEXT, focus="rain").type,
        summarize.job("Another text.", sentences=2).type,
    }
    assert len(versions) == 5


def test_a_headline_is_one_sentence() -> None:
    outcome = ask(answering("Acme sells. Rain falls."), style="headline")
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == "length"


@pytest.mark.parametrize(
    "wanted",
    [{"sentences": 0}, {"words": -1}, {"style": "poem"}, {"piece_bytes": 10}],
)
def test_what_nobody_can_keep_is_refused_before_anybody_is_asked(wanted: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        summarize.job(TEXT, **wanted)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(BadOption):
        summarize.job(" \n")


def long_text(paragraphs: int = 60) -> str:
    return "\n\n".join(
        f"In year {1900 + n} " + "it rained and rained " * 40 for n in range(paragraphs)
    )


def note_taker(_arm: ModelSpec, request: dict[str, Any]) -> str:
    """Notes name the first year of a piece; the summary names the last of the notes."""
    years = re.findall(r"year (\d{4})", request["messages"][0]["content"])
    if "notes on the parts" in request["system"]:
        return f"It rained until year {years[-1]}."
    return f"Rain from year {years[0]}."


def test_a_long_text_is_read_in_pieces_that_are_shown_and_every_call_is_charged() -> None:
    text, models = long_text(), ScriptedModels(note_taker)
    outcome = ask(models, text, sentences=1, piece_bytes=10_000)
    pieces = outcome.details.pieces
    assert len(pieces) > 4
    assert (pieces[0].start, pieces[-1].end) == (0, len(text))
    assert all(before.end == after.start for before, after in itertools.pairwise(pieces))
    assert pieces[0].notes == "Rain from year 1900."
    assert outcome.value == pieces[-1].notes.replace("Rain from", "It rained until")
    assert outcome.usd == len(pieces) + 1 == len(models.asked)
    assert all(len(asked.request["messages"][0]["content"]) <= 10_000 for asked in models.asked)


def test_figures_are_held_against_the_whole_text_and_not_the_notes() -> None:
    models = ScriptedModels(
        lambda _arm, request: (
            "It rained in 1955." if "notes on the parts" in request["system"] else "It rained."
        )
    )
    assert ask(models, long_text(), piece_bytes=10_000).details.unsupported == ()


def test_notes_that_are_too_long_are_taken_notes_of_again() -> None:
    asked: list[str] = []

    def reply(_arm: ModelSpec, request: dict[str, Any]) -> str:
        asked.append(request["system"])
        return (
            "It rained." if "notes on the parts" in request["system"] else "it rained a lot " * 90
        )

    outcome = ask(ScriptedModels(reply), long_text(120), piece_bytes=10_000)
    assert outcome.value == "It rained."
    first_level = len(outcome.details.pieces)
    assert outcome.details.pieces[-1].end == len(long_text(120))
    assert len(asked) > first_level + 1


def test_a_piece_nobody_can_read_ends_the_summary_with_its_reason() -> None:
    def reply(_arm: ModelSpec, request: dict[str, Any]) -> str | Failure:
        refused = "year 1930" in request["messages"][0]["content"]
        return Failure(FailureKind.REFUSAL, "no") if refused else "Rain."

    outcome = ask(ScriptedModels(reply), long_text(), piece_bytes=10_000)
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == "refusal"
    assert outcome.value.detail == "Part 3 of 6: The model refused: no."
    assert outcome.usd is None  # nobody tells what a refusal cost


def test_pieces_that_are_paid_for_are_not_asked_again(tmp_path: Path) -> None:
    batch = Batch(resume=tmp_path / "paid.jsonl", budget_usd=Decimal(1_000))
    first, again = ScriptedModels(note_taker), answering("never asked")
    found = []
    for models in (first, again):
        with using(runner(models)):
            [outcome] = summarize.map([long_text()], piece_bytes=10_000, batch=batch)
            found.append(outcome)
    assert again.asked == []
    assert found[0].value == found[1].value
    assert found[1].usd == 0


@given(st.text(max_size=120), st.sampled_from(["prose", "bullets", "headline"]))
def test_whatever_a_model_says_the_outcome_keeps_its_length_or_is_unresolved(
    said: str, style: str
) -> None:
    outcome = ask(answering(said), words=8, sentences=2, style=style)
    if isinstance(outcome.value, Unresolved):
        assert outcome.value.reason in {"length", "empty", "not_in_source"}
    else:
        assert 1 <= outcome.details.words <= 8
        assert outcome.details.sentences <= (1 if style == "headline" else 2)
