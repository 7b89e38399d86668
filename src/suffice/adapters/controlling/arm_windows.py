"""What both arms of a rollout did over a stretch of time, out of the gateway's account."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Self

from suffice.errors import StorageError
from suffice.policy.routing import IN_SHARE, NOT_IN_SHARE
from suffice.records import Outcome
from suffice.records.rollout_evidence import ArmCounts
from suffice.reports.chains import Exchange

_LOCK_S = 5.0
# No longer than a first answer may take.
_FALLS_BACK_WITHIN_S = 900.0
_LEAST_FOR_REFERENCE = 100
_MOST_FOR_REFERENCE = 20_000
_RATED_WITHIN = timedelta(days=7)
_MISHAPS = tuple(
    outcome.value for outcome in Outcome if outcome.is_error or outcome is Outcome.REFUSAL
)


class Beyond(NamedTuple):
    """
    From where on an answer is slow, or dear: the 95th percentile of the baseline's own.

    Attributes:
        slow_s: Seconds a request.
        dear_picousd: 1e-12 dollars a request.
    """

    slow_s: float
    dear_picousd: float


class RolledUp(NamedTuple):
    """Sums of attempts of one type, model and arm; dollars in 1e-12."""

    type: str
    model: str
    arm: str
    attempts: int
    requests: int
    errors: int
    unpriced: int
    picousd: int
    saved_picousd: int


class Priced(NamedTuple):
    """
    What a model's answers cost together.

    Attributes:
        model: That answered.
        answers: With a known price.
        unpriced: Without one.
        picousd: Of those with one, in 1e-12 dollars.
    """

    model: str
    answers: int
    unpriced: int
    picousd: int


class Account:
    """
    The gateway's account, read only.

    Args:
        connection: Of `Account.open`.
        path: For messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """
        The account; None where no gateway has kept one yet.

        Raises:
            StorageError: It cannot be opened.
        """
        if not path.exists():
            return None
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            return cls(sqlite3.connect(uri, uri=True, timeout=_LOCK_S, isolation_level=None), path)
        except sqlite3.Error as error:
            raise _unreadable(path, error) from error

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    def arms(
        self,
        request_type: str,
        began: datetime,
        ended: datetime,
        *,
        beyond: Beyond | None,
        ratings: Mapping[str, bool],
    ) -> tuple[ArmCounts, ArmCounts]:
        """
        What the baseline's and the candidate's conversations did.

        What was refused whoever answers (no credential, no sound request) counts for nothing:
        it says nothing of a model, and anybody could send it.

        Args:
            request_type: The type.
            began: From here.
            ended: To here, excluded.
            beyond: What is slow and dear; None where that is not known yet.
            ratings: What was said within the time, by request; of answers of the last 7 days.
        """
        rows = self._rows(
            f"""WITH refused_by_both AS (
                SELECT session FROM exchanges WHERE ts >= ? AND ts < ? AND type = ?
                    AND attempt > 1 AND answered AND outcome = '{Outcome.CLIENT_ERROR.value}')
            SELECT arm, max(outcome IN ({_marks(_MISHAPS)}) OR retry_count > 0),
                avg(duration_s) FILTER (WHERE outcome = 'ok'), avg(picousd)
            FROM exchanges WHERE ts >= ? AND ts < ? AND {_DECIDED}
                AND NOT (outcome = '{Outcome.CLIENT_ERROR.value}'
                    AND (answered OR session IN refused_by_both))
            GROUP BY arm, coalesce(nullif(session, ''), id)""",  # noqa: S608 - question marks
            *(began.timestamp(), ended.timestamp() + _FALLS_BACK_WITHIN_S, request_type),
            *_MISHAPS,
            began.timestamp(),
            ended.timestamp(),
            request_type,
        )
        rated = self._rated(request_type, began, ratings)
        baseline, candidate = (
            _counts([row[1:] for row in rows if row[0] == arm], rated[arm], beyond)
            for arm in ("baseline", "candidate")
        )
        return baseline, candidate

    def beyond(self, request_type: str, before: datetime) -> Beyond | None:
        """
        The 95th percentiles of what the requested model took and cost, over its latest answers.

        None where fewer than a hundred are there to tell.
        """
        rows = self._rows(
            """SELECT duration_s, picousd FROM exchanges
            WHERE ts < ? AND type = ? AND arm IN ('requested', 'baseline') AND outcome = 'ok'
                AND path LIKE '%/messages' AND picousd IS NOT NULL
            ORDER BY ts DESC LIMIT ?""",
            *(before.timestamp(), request_type, _MOST_FOR_REFERENCE),
        )
        if len(rows) < _LEAST_FOR_REFERENCE:
            return None
        slow, dear = (sorted(float(row[column]) for row in rows) for column in (0, 1))
        at = int(0.95 * len(rows))
        return Beyond(slow[at], dear[at])

    def daily_shares(self, request_type: str, first: datetime, until: datetime) -> list[float]:
        """The type's share of all conversations on each whole day, oldest first."""
        day, last = first.astimezone(UTC).date(), until.astimezone(UTC).date()
        rows = self._rows(
            """SELECT day, count(DISTINCT name) FILTER (WHERE type = ?), count(DISTINCT name)
            FROM (SELECT day, type, coalesce(nullif(session, ''), id) AS name
                FROM exchanges WHERE day > ? AND day < ?)
            GROUP BY day ORDER BY day""",
            *(request_type, day.isoformat(), last.isoformat()),
        )
        return [own / everybody for _, own, everybody in rows if everybody]

    def served(self, request_type: str, baseline: str, since: datetime) -> tuple[int, int]:
        """
        Conversations of a type, and how many of them the candidate served.

        Args:
            request_type: The type.
            baseline: Of those that asked for this model; for others there is no rule.
            since: Over the time since then.
        """
        rows = self._rows(
            """SELECT count(DISTINCT name), count(DISTINCT name) FILTER (WHERE arm = 'candidate')
            FROM (SELECT arm, coalesce(nullif(session, ''), id) AS name FROM exchanges
                WHERE ts >= ? AND type = ? AND answered AND path LIKE '%/messages'
                    AND (arm IN ('baseline', 'candidate')
                        OR (arm = 'requested' AND requested_model = ?)))""",
            *(since.timestamp(), request_type, baseline),
        )
        return int(rows[0][0]), int(rows[0][1])

    def saved_picousd(self, request_type: str, since: datetime) -> int:
        """What the served model's price was below the requested one's, at list price."""
        rows = self._rows(
            "SELECT coalesce(sum(saved_picousd), 0) FROM rollups WHERE type = ? AND day >= ?",
            *(request_type, since.astimezone(UTC).date().isoformat()),
        )
        return int(rows[0][0])

    def known(self, request_ids: Collection[str]) -> set[str]:
        """Those of them that are the request-id of an exchange."""
        marks = _marks(request_ids)
        rows = self._rows(
            f"SELECT DISTINCT request_id FROM exchanges WHERE request_id IN ({marks})",  # noqa: S608 - question marks
            *request_ids,
        )
        return {row[0] for row in rows}

    def taken_up_to(self, segment: str) -> int:
        """The offset up to which a segment of the spool is in the account."""
        rows = self._rows("SELECT upto FROM taken WHERE segment = ?", segment)
        return int(rows[0][0]) if rows else 0

    def attempts(self, name: str) -> list[Exchange]:
        """The attempts of one request, by its own, the provider's or the message's id."""
        select = """SELECT id, request_id, ts, type, requested_model, served_model, arm, reason,
            policy_version, outcome, answered, picousd FROM exchanges WHERE """
        last = " ORDER BY ts LIMIT 20"
        # Messages have no index: they are looked through only for what is no other id.
        rows = self._rows(f"{select}? IN (id, request_id){last}", name) or self._rows(
            f"{select}message_id = ?{last}", name
        )
        return [
            Exchange(
                id=row[0],
                request_id=row[1] or "",
                ts=row[2],
                type=row[3],
                requested_model=row[4] or "",
                served_model=row[5] or "",
                arm=row[6],
                reason=row[7] or "",
                policy_version=row[8] or "",
                outcome=row[9],
                answered=bool(row[10]),
                usd=None if row[11] is None else f"{Decimal(row[11]).scaleb(-12).normalize():f}",
            )
            for row in rows
        ]

    def rolled_up(self, first: date, last: date) -> list[RolledUp]:
        """The account's sums over whole days, by type, models and arm; ``last`` included."""
        rows = self._rows(
            """SELECT type, served_model, arm, sum(attempts), sum(requests), sum(errors),
                sum(unpriced), sum(picousd), sum(saved_picousd)
            FROM rollups WHERE day >= ? AND day <= ? GROUP BY type, served_model, arm
            ORDER BY sum(picousd) DESC, type, served_model, arm""",
            *(first.isoformat(), last.isoformat()),
        )
        return [RolledUp(*row) for row in rows]

    def per_day(self, request_type: str, since: datetime, until: datetime) -> float:
        """Conversations of a type a day, over the time in which any were seen."""
        rows = self._rows(
            """SELECT count(DISTINCT coalesce(nullif(session, ''), id)), min(ts) FROM exchanges
            WHERE ts >= ? AND ts < ? AND type = ? AND path LIKE '%/messages'""",
            *(since.timestamp(), until.timestamp(), request_type),
        )
        count, first = rows[0]
        return count / max((until.timestamp() - first) / 86_400, 1.0) if count else 0.0

    def answers_priced(self, request_type: str, since: datetime) -> Priced | None:
        """
        What the model a type asks for most charged for its answers; None where it gave none.

        Args:
            request_type: The type.
            since: Over the time since then.
        """
        rows = self._rows(
            """SELECT served_model, count(picousd), count(*) - count(picousd),
                coalesce(sum(picousd), 0) FROM exchanges
            WHERE ts >= ? AND type = ? AND arm IN ('requested', 'baseline') AND answered
                AND outcome = 'ok' AND path LIKE '%/messages'
            GROUP BY served_model ORDER BY count(*) DESC, served_model LIMIT 1""",
            *(since.timestamp(), request_type),
        )
        return Priced(*rows[0]) if rows else None

    def _rated(
        self, request_type: str, began: datetime, ratings: Mapping[str, bool]
    ) -> dict[str, list[bool]]:
        """For each arm, whether each rated conversation was disliked."""
        found: dict[str, dict[str, bool]] = {"baseline": {}, "candidate": {}}
        if ratings:
            rows = self._rows(
                f"""SELECT arm, coalesce(nullif(session, ''), id), request_id FROM exchanges
                WHERE request_id IN ({_marks(ratings)}) AND ts >= ? AND ts < ? AND {_DECIDED}
                    AND outcome != '{Outcome.CLIENT_ERROR.value}'""",  # noqa: S608 - question marks
                *ratings,
                (began - _RATED_WITHIN).timestamp(),
                2**53,
                request_type,
            )
            for arm, session, request_id in rows:
                disliked = found[arm].get(session, False) or not ratings[request_id]
                found[arm][session] = disliked
        return {arm: list(by_session.values()) for arm, by_session in found.items()}

    def _rows(self, query: str, *values: str | float) -> list[tuple[Any, ...]]:
        try:
            with closing(self._db.execute(query, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise _unreadable(self._path, error) from error


# Only conversations whose side the share decided: those that a guard kept on the baseline, or that
# had begun there, could not have gone the other way.
_DECIDED = (
    "type = ? AND path LIKE '%/messages' AND ("
    f"(arm = 'candidate' AND reason LIKE '{IN_SHARE}%') OR "
    f"(arm = 'baseline' AND reason = '{NOT_IN_SHARE}'))"
)


def _counts(
    sessions: Sequence[Sequence[Any]], rated: Sequence[bool], beyond: Beyond | None
) -> ArmCounts:
    mishaps, durations, prices = ([row[column] for row in sessions] for column in range(3))
    timed = [value for value in durations if isinstance(value, float)] if beyond else []
    priced = [value for value in prices if isinstance(value, float)] if beyond else []
    return ArmCounts(
        seen=len(sessions),
        errors=sum(bool(mishap) for mishap in mishaps),
        timed=len(timed),
        slow=sum(value > beyond.slow_s for value in timed) if beyond else 0,
        priced=len(priced),
        dear=sum(value > beyond.dear_picousd for value in priced) if beyond else 0,
        rated=len(rated),
        disliked=sum(rated),
    )


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _unreadable(path: Path, error: sqlite3.Error) -> StorageError:
    return StorageError(
        f"The account {path} cannot be read: {error}.",
        effect="The rollout stays where it is; its pairs are watched all the same.",
        next_step="Give --data the gateway's data folder.",
    )
