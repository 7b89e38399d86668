"""A text made short: to the length asked for, with its own figures and names."""

from __future__ import annotations

import functools
from typing import Literal

import msgspec

from suffice.errors import BadOption
from suffice.records import Answer
from suffice.tasks.calling import TaskCall
from suffice.tasks.claims import Stated, count_claims
from suffice.tasks.job import Job, question
from suffice.tasks.measures import count_words, parted, sentences
from suffice.tasks.outcome import Unresolved

Style = Literal["prose", "bullets", "headline", "plain"]

_STYLES: dict[str, str] = {
    "prose": "Write running text, without headings or lists.",
    "bullets": 'Write points, one a line, each beginning with "- ".',
    "headline": "Write one line such as stands above an article, without a full stop.",
    "plain": "Write running text in short sentences and everyday words, without lists.",
}
_PIECES = "You are given notes on the parts of one long text, in their order. "
_RULES = (
    "Say only what the text says, with its own figures and names. Write in the text's language. "
    "Answer with the summary and nothing else."
)
_NOTE_WORDS = 400
_MOST_TOKENS, _TOKENS_PER_WORD, _SPARE_TOKENS = 4_096, 6, 256
_PIECE_BYTES, _LEAST_PIECE_BYTES = 180_000, 10_000
_SHOWN = 8
# Of 7,701 summaries by real models none shares less with its text; with another's, half do.
_LEAST_SHARED = 0.2


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """
    A piece of a text that was too long for one request.

    Attributes:
        start: Where it begins in the text.
        end: Behind its last character.
        notes: What was kept of it.
    """

    start: int
    end: int
    notes: str


class SummaryCheck(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was found out about a summary.

    Attributes:
        words: Its length.
        sentences: Likewise; each point of a list is at least one.
        claims: How many figures and names it states.
        unsupported: Those that stand nowhere in the text; see `claims.Stated`.
        shared: The share of its longer words that stand in the text too; None: too few to tell.
        pieces: The pieces the text was read in; empty where it was read at once.
    """

    words: int
    sentences: int
    claims: int = 0
    unsupported: tuple[str, ...] = ()
    shared: float | None = None
    pieces: tuple[Piece, ...] = ()


@TaskCall
def summarize(  # noqa: PLR0913 - each is a wish of its own
    text: str,
    *,
    sentences: int | None = None,
    words: int | None = None,
    focus: str | None = None,
    style: Style = "prose",
    grounded: bool = False,
    piece_bytes: int = _PIECE_BYTES,
    model: str | None = None,
) -> Job[str]:
    """
    A summary that is no longer than asked for.

    Length is counted here, and figures and names are looked up in the text. A model is told once
    what is wrong. A summary that stays too long is no answer. One that still states a figure or
    a name the text does not is given back all the same, unless ``grounded``:
    ``summarize.outcome(...).details`` is a `SummaryCheck` that names them.

    A text longer than ``piece_bytes`` is read in pieces and summed up from notes on them; every
    call is charged. By default a piece stays below the length from which a small model's price
    rises, and within every model's context.

    Args:
        text: What is to be summed up.
        sentences: At most so many.
        words: At most so many.
        focus: What the reader wants to know.
        style: ``prose``, ``bullets``, ``headline`` or ``plain`` (short sentences, easy words).
        grounded: A figure or a name that is not in the text makes the summary no answer.
        piece_bytes: The longest text, in UTF-8 bytes, that is read at once.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        BadOption: An empty text, no such style, or a length nobody can keep.

    >>> from suffice.tasks import Runner, using
    >>> from suffice.testing import answering
    >>> said = answering("Acme sold 1,200 units.")
    >>> with using(Runner(said, ladder=lambda *_: ("claude-haiku-5-5",))):
    ...     outcome = summarize.outcome("In May, Acme sold 1203 units. It rained.", sentences=1)
    >>> outcome.value, outcome.details.words, outcome.details.unsupported
    ('Acme sold 1,200 units.', 4, ('1,200',))
    """
    _check(text, style, sentences=sentences, words=words, piece_bytes=piece_bytes)
    wanted = _Wanted(sentences, words, focus, style, grounded, piece_bytes, model)
    return _job(wanted, text, Stated(text), pieces=())


class _Wanted(msgspec.Struct, frozen=True):
    """What was asked for, whatever the text."""

    sentences: int | None
    words: int | None
    focus: str | None
    style: Style
    grounded: bool
    piece_bytes: int
    model: str | None

    @property
    def prompt(self) -> str:
        """What makes the prompt but the text."""
        lines = ["Summarise the text you are given.", _STYLES[self.style]]
        if self.style == "headline":
            lines.append("One sentence at most.")
        limits = []
        if self.sentences is not None:
            limits.append(f"{self.sentences} sentence{'s' if self.sentences > 1 else ''}")
        if self.words is not None:
            limits.append(f"{self.words} word{'s' if self.words > 1 else ''}")
        if limits:
            lines.append(f"Use at most {' and '.join(limits)}.")
        if self.focus:
            lines.append(f"The reader wants to know: {self.focus.strip()}")
        return "\n".join([*lines, _RULES])

    @property
    def note_prompt(self) -> str:
        """What makes the prompt of a piece."""
        focus = f"\nThe reader wants to know: {self.focus.strip()}" if self.focus else ""
        return (
            "You are given a part of a long text. Take notes of what matters in it, in running "
            f"text of at most {_NOTE_WORDS // 2} words.{focus}\n{_RULES}"
        )

    @property
    def max_tokens(self) -> int:
        """Room for what was asked for; a model that thinks before it writes does not here."""
        if self.words is None:
            return _MOST_TOKENS
        return min(_MOST_TOKENS, _SPARE_TOKENS + _TOKENS_PER_WORD * self.words)


def _job(wanted: _Wanted, text: str, stated: Stated, *, pieces: tuple[Piece, ...]) -> Job[str]:
    """The job for a text, or for the notes on its pieces."""
    prompt = (_PIECES if pieces else "") + wanted.prompt
    if len(text.encode(errors="replace")) > wanted.piece_bytes:
        return _in_pieces(wanted, text, stated, pieces=pieces)

    @functools.lru_cache(maxsize=4)
    def check(said: str) -> SummaryCheck:
        return SummaryCheck(
            words=count_words(said),
            sentences=len(sentences(said)),
            claims=count_claims(said),
            unsupported=stated.unsupported(said),
            shared=stated.shared(said),
            pieces=pieces,
        )

    def read(answer: Answer) -> str | Unresolved:
        said = answer.text.strip()
        found = check(said)
        if not found.words:
            return Unresolved(reason="empty", detail="There is no word in it.", text=answer.text)
        doubts = _doubts(found)
        reason: Literal["length", "not_in_source"] = "length"
        wrong = _too_long(found, wanted)
        if not wrong and found.shared is not None and found.shared < _LEAST_SHARED:
            reason, wrong = "not_in_source", "It does not speak of the text."
        if not wrong and wanted.grounded and doubts:
            reason, wrong, doubts = "not_in_source", doubts, ""
        if not wrong:
            return said
        return Unresolved(reason=reason, detail=f"{wrong} {doubts}".strip(), text=answer.text)

    def doubt(answer: Answer) -> Unresolved | None:
        detail = _doubts(check(answer.text.strip()))
        return Unresolved(reason="not_in_source", detail=detail) if detail else None

    return Job(
        task="summarize",
        kind="summarization",
        prompt=prompt,
        request=question(prompt, text, max_tokens=wanted.max_tokens),
        read=read,
        details=lambda answer: check(answer.text.strip()),
        doubt=doubt,
        repairs=1,
        model=wanted.model,
    )


def _in_pieces(
    wanted: _Wanted, text: str, stated: Stated, *, pieces: tuple[Piece, ...]
) -> Job[str]:
    """Notes on every piece, then the summary of the notes."""
    spans = list(parted(text, most_bytes=wanted.piece_bytes))

    def join(notes: list[str]) -> Job[str]:
        read = tuple(
            Piece(start=start, end=end, notes=note)
            for (start, end), note in zip(spans, notes, strict=True)
        )
        # Of notes on notes, the pieces shown are still those of the text itself.
        shown = pieces or read
        return _job(wanted, "\n\n".join(notes), stated, pieces=shown)

    return Job(
        task="summarize",
        kind="summarization",
        prompt=_PIECES + wanted.prompt,
        request={},
        read=lambda answer: answer.text,
        model=wanted.model,
        parts=tuple(_note_job(wanted, text[start:end]) for start, end in spans),
        join=join,
    )


def _note_job(wanted: _Wanted, piece: str) -> Job[str]:
    def read(answer: Answer) -> str | Unresolved:
        said = answer.text.strip()
        words = count_words(said)
        if words <= _NOTE_WORDS and 2 * len(said.encode()) <= wanted.piece_bytes:
            return said
        detail = f"{words:,} words are too many; {_NOTE_WORDS // 2} were asked for."
        return Unresolved(reason="length", detail=detail, text=answer.text)

    return Job(
        task="summarize",
        kind="summarization",
        prompt=wanted.note_prompt,
        request=question(wanted.note_prompt, piece, max_tokens=_MOST_TOKENS),
        read=read,
        repairs=1,
        model=wanted.model,
    )


def _too_long(found: SummaryCheck, wanted: _Wanted) -> str:
    """What is wrong with a summary's form; empty where nothing is."""
    most = 1 if wanted.style == "headline" else wanted.sentences
    if most is not None and found.sentences > most:
        return f"It has {found.sentences} sentences; {most} is the most."
    if wanted.words is not None and found.words > wanted.words:
        return f"It has {found.words:,} words; {wanted.words:,} is the most."
    return ""


def _doubts(found: SummaryCheck) -> str:
    if not found.unsupported:
        return ""
    listed = ", ".join(found.unsupported[:_SHOWN])
    more = len(found.unsupported) - _SHOWN
    return f"The text does not say: {listed}{f' and {more} more' if more > 0 else ''}."


def _check(
    text: str, style: str, *, sentences: int | None, words: int | None, piece_bytes: int
) -> None:
    if not text.strip():
        raise _bad("There is no text to summarise.", "Leave empty texts out.")
    if style not in _STYLES:
        raise _bad(f"There is no style {style!r}.", f"Take one of: {', '.join(_STYLES)}.")
    for name, limit in (("sentences", sentences), ("words", words)):
        if limit is not None and limit < 1:
            raise _bad(f"{name} must be at least 1.", "Leave it out for no limit.")
    if piece_bytes < _LEAST_PIECE_BYTES:
        what = f"piece_bytes must be at least {_LEAST_PIECE_BYTES:,}."
        raise _bad(what, f"Leave it out: a piece then has {_PIECE_BYTES:,} bytes at most.")


def _bad(what: str, next_step: str) -> BadOption:
    return BadOption(what, effect="Nothing was asked.", next_step=next_step)
