"""Held-out cases asked again by the monitor's schedule: in a process of its own, beside rounds."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, NamedTuple

from suffice.adapters.controlling.held_out_turns import Due, Turn, Turns
from suffice.adapters.storage import open_run, read_result
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli import EXIT_KEEP, EXIT_UNDECIDED
from suffice.cli.held_out_runs import find_parent
from suffice.cli.money_text import read_usd
from suffice.cli.monitor_voice import Voice
from suffice.cli.rollout_world import Places, now
from suffice.cli.stored_run import runs_folder
from suffice.errors import BadOption, NothingHeldOut, StorageError, SufficeError
from suffice.reports.untrusted import one_line
from suffice.settings import read_settings, seconds_in
from suffice.wiring import needed_own_credential

_CODE = re.compile(r"SF\d{3}")
_POLL_S, _LONGEST_POLL_S, _RENEW_S, _LAST_ANSWERS_S = 0.2, 30.0, 20.0, 60.0
_STDERR_BYTES = 4_000
# By these a run ends that has come to its word, and whose rollout has it.
_TOLD = frozenset({0, EXIT_UNDECIDED, EXIT_KEEP})
# Of the provider's keys a scheduled run sees none: it is paid with suffice's own.
_NOT_HANDED_ON = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


class Ended(NamedTuple):
    """
    How a command ended.

    Attributes:
        code: Its exit code.
        words: The last it said.
    """

    code: int
    words: str


class Schedule(NamedTuple):
    """
    When held-out cases are asked again.

    Attributes:
        every: Each type's once in so long.
        usd: All types' together cost no more within that time.
        upstream: Whom to ask; None: as `suffice compare` would.
    """

    every: timedelta
    usd: Decimal
    upstream: str | None = None


def read_schedule(
    every: str | None, usd: Decimal | None, *, upstream: str | None = None
) -> Schedule | None:
    """
    A schedule, as options say it; None where none is wanted.

    Args:
        every: How often: 7d, 12h, 30m or 45s.
        usd: For how much.
        upstream: Whom to ask.

    Raises:
        BadOption: One was given without the other, or is none.

    >>> read_schedule("7d", Decimal(2)).every.days
    7
    """
    if every is None and usd is None:
        return None
    seconds = seconds_in(every or "")
    if usd is None or not usd or not seconds:
        raise BadOption(
            "--held-out-every and --held-out-usd go together."
            if every is None or usd is None
            else f"--held-out-every {every} with ${usd} is no schedule.",
            effect="Nothing is watched.",
            next_step="For example: --held-out-every 7d --held-out-usd 2.",
        )
    return Schedule(timedelta(seconds=seconds), usd, upstream)


def schedule_of(
    every: str | None, usd: str | None, *, upstream: str | None, gently: Voice | None
) -> Schedule | None:
    """
    A schedule, as options, variables and the settings file say it, each word for itself.

    Args:
        every: How often; None: as the file says.
        usd: For how much; None: as the file says.
        upstream: Whom to ask.
        gently: Who is told of one that is none, so that rollouts are watched all the same; None:
            it is an error.

    Raises:
        BadOption: It is none.
        BadSettings: A settings file holds what nobody knows, or a value outside its range.
        SecretInFile: It holds what looks like a credential.
        UnreadableFile: It is no TOML.
    """
    try:
        dollars = None if usd is None else read_usd(usd, effect="Nothing is watched.")
        if every is None or dollars is None:
            kept = read_settings(Path.cwd(), os.environ).held_out
            every, dollars = every or kept.every, dollars or kept.usd
        return read_schedule(every, dollars, upstream=upstream)
    except SufficeError as error:
        if gently is None:
            raise
        gently.trouble(error)
        return None


class HeldOutRuns:
    """
    Asks held-out cases again when they are due, one type at a time, one monitor of several.

    Args:
        places: Where rollouts are kept.
        schedule: When, and for how much.
        voice: Who is told how it went.
        stopped: Waits so many seconds, or until somebody says stop; whether to stop.
        runs: Where runs are kept.

    Raises:
        MissingOwnKey: There is no key of suffice's own to pay with.
    """

    def __init__(
        self,
        places: Places,
        schedule: Schedule,
        voice: Voice,
        *,
        stopped: Callable[[float], bool],
        runs: Path,
    ) -> None:
        needed_own_credential(os.environ, what_for="asking held-out cases by a schedule")
        self._places, self._schedule, self._voice = places, schedule, voice
        self._stopped, self._runs = stopped, runs
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"

    @property
    def poll_s(self) -> float:
        """Seconds between looks at what is due."""
        return min(_LONGEST_POLL_S, self._schedule.every.total_seconds() / 20)

    def one(self, due_by: datetime | None = None) -> bool:
        """
        Ask what is due, if anything is and nobody else asks; whether anything was done.

        Args:
            due_by: Only what was due at this moment; None: what is due now.

        Raises:
            StorageError: The store fails.
        """
        if not self._places.store.exists():
            return False
        with Rollouts.open(self._places.store) as store:
            turns = Turns(store, every=self._schedule.every, usd=self._schedule.usd)
            if turns.due(due_by or now()) is None or not turns.claim(self._holder, now()):
                return False
            try:
                due = turns.due(due_by or now())  # whoever held the claim before may have done it
                return due is not None and self._ask(turns, due)
            finally:
                turns.let_go(self._holder, now())

    def _ask(self, turns: Turns, due: Due) -> bool:
        """Ask one type's; False where it has to be left alone for now."""
        request_type = due.kept.rollout.type
        try:
            find_parent(request_type, due.kept.rollout, runs=self._runs)
        except NothingHeldOut as error:
            turns.failed(due, due.turn, error.what, now())
            return True
        folder = self._folder(due.turn)
        try:
            spent = _spent(folder)
        except StorageError:
            return False  # a process of a monitor that was killed is still at it
        turn = turns.booked(due, turns.begun(due, folder.name, now()), spent, now())
        left = turns.left_usd(now())
        if not left and not _is_asked(folder):
            why = f"${self._schedule.usd} are used up; it goes on when they are there again."
            turns.waits(due, turn, why, now())
            return True
        ended = self._asked(turns, request_type, folder, spent + left)
        turn = turns.booked(due, turn, _spent(folder), now())
        self._note(turns, due, turn, folder, ended)
        return True

    def _note(self, turns: Turns, due: Due, turn: Turn, folder: Path, ended: Ended) -> None:
        """Keep how a run ended, and say it."""
        useless, last_words = "", f"{ended.words} (exit {ended.code})"
        try:
            result = read_result(folder)
        except StorageError:
            stopped = "killed"
        else:
            # Whoever has a result may still have failed to tell the rollout of it.
            stopped = result.stopped or ("" if ended.code in _TOLD else "untold")
            useless = "" if result.probes else " ".join(result.notes[-1:])
            # What the provider or the disk said stands among the run's own remarks.
            last_words = next((one for one in result.notes if _CODE.match(one)), last_words)
        if not stopped:
            turns.ended(due, turn, now(), why=useless)
            said = f"held-out cases asked again for ${turn.spent_usd}: {useless or folder.name}"
        elif self._stopped(0):
            turns.interrupted(due, turn, now())
            said = f"held-out cases half asked, kept in {folder.name}; whoever is next goes on"
        elif stopped == "budget":
            said = f"${self._schedule.usd} are used up; what was asked is kept in {folder.name}."
            turns.waits(due, turn, said, now())
        else:
            said = turns.failed(due, turn, last_words, now()).why
        self._voice.said(due.kept.rollout.type, said)

    def _asked(self, turns: Turns, request_type: str, folder: Path, budget: Decimal) -> Ended:
        """Run the command."""
        resume = ("--resume",) if (folder / "run.json").exists() else ()
        upstream = self._schedule.upstream
        command = [
            *(sys.executable, "-m", "suffice", "compare", "--held-out", "--own-key", "--yes"),
            *("--budget", f"{budget:f}", "--save", str(folder), *resume, "--format", "json"),
            *(() if upstream is None else ("--base-url", upstream)),
            *("--rollouts", str(self._places.store), "--", request_type),
        ]
        environ = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON}
        environ["SUFFICE_RUNS"] = str(self._runs)
        with (
            tempfile.TemporaryFile() as words,
            subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                process_group=0,
            ) as process,
        ):
            self._wait_for(process, turns)
            return Ended(process.returncode, _last_line(words))

    def _wait_for(self, process: subprocess.Popen[bytes], turns: Turns) -> None:
        """Until it ends; where we are to stop, or lost the claim, it is asked to, and keeps all."""
        renew_at = time.monotonic() + _RENEW_S
        while process.poll() is None:
            lost = False
            if time.monotonic() >= renew_at:
                renew_at = time.monotonic() + _RENEW_S
                with contextlib.suppress(SufficeError):
                    lost = not turns.claim(self._holder, now())
            if lost or self._stopped(_POLL_S):
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(_LAST_ANSWERS_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                return

    def _folder(self, turn: Turn | None) -> Path:
        """The folder of the run that is not over yet, else of a new one."""
        if turn is not None and turn.run and not turn.over:
            return self._runs / turn.run
        return self._runs / f"{now():%Y%m%d-%H%M%S-%f}"


@contextmanager
def asking_again(
    places: Places, schedule: Schedule | None, voice: Voice, *, gently: bool
) -> Iterator[None]:
    """
    Held-out cases are asked from a thread of their own: they delay no rollback.

    Args:
        places: Where rollouts are kept.
        schedule: When; None: never.
        voice: Who is told.
        gently: Without a key nothing is asked, and that is said; else it is an error.

    Raises:
        MissingOwnKey: There is no key of suffice's own.
    """
    if schedule is None:
        yield
        return
    over = threading.Event()
    try:
        runs = HeldOutRuns(places, schedule, voice, stopped=over.wait, runs=_runs())
    except SufficeError as error:
        if not gently:
            raise
        voice.trouble(error)
        yield
        return

    def keep_asking() -> None:
        while not over.is_set():
            try:
                runs.one()
            except SufficeError as error:
                voice.trouble(error)
            except OSError as error:
                voice.trouble(_not_run(error))
            over.wait(runs.poll_s)

    thread = threading.Thread(target=keep_asking, name="held-out")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def ask_what_is_due(places: Places, schedule: Schedule, voice: Voice) -> None:
    """
    Ask all that is due by now, one type after another, then end.

    Raises:
        MissingOwnKey: There is no key of suffice's own.
        StorageError: The store fails.
    """
    runs = HeldOutRuns(places, schedule, voice, stopped=_never_stopped, runs=_runs())
    started = now()
    while runs.one(started):
        pass


def _not_run(error: OSError) -> StorageError:
    return StorageError(
        f"Held-out cases cannot be asked: {error.strerror or error}.",
        effect="Rollouts are watched as before; nothing was paid.",
        next_step="Make room for a process and its folder; it is tried again.",
    )


def _never_stopped(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _runs() -> Path:
    """Where runs are kept, as an absolute path: a thread has no click context of its own."""
    return runs_folder().absolute()


def _is_asked(folder: Path) -> bool:
    """Whether a run has come to its end, so that what is left of it costs nothing."""
    try:
        return not read_result(folder).stopped
    except StorageError:
        return False


def _spent(folder: Path) -> Decimal:
    """
    What a run has cost, or may have; nothing before it was begun.

    Raises:
        StorageError: Somebody is running it.
    """
    if not (folder / "run.json").exists():
        return Decimal(0)
    with open_run(folder) as run:
        return run.spent_usd + run.unsettled_usd


def _last_line(words: IO[bytes]) -> str:
    """The last of what a process said of its trouble."""
    end = words.seek(0, os.SEEK_END)
    words.seek(max(0, end - _STDERR_BYTES))
    lines = words.read().decode(errors="replace").strip().splitlines()
    coded = [line for line in lines if _CODE.match(line)]
    return one_line((coded or lines or ["it said nothing"])[-1])[:300]
