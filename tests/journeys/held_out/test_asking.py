"""Cases no verdict has seen: kept, asked again, and what both models turn out to be by then."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import Result
from typing_extensions import override

from suffice.adapters.storage import read_answers, read_held_out
from suffice.adapters.storage.rollouts import Rollouts
from suffice.records.rollout import RolloutState
from suffice.testing import StrictFake

Command = Callable[..., Result]
KEY = "sk-ant-api03-not-to-be-seen"
ARMS = ("--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5", "--yes", "--budget", "20")
AGAIN = ("--yes", "--budget", "20", "--format", "json")
AT_LEAST = 6


class World(Protocol):
    """As the fixture has it."""

    baseline: float
    candidate: float


@contextmanager
def _rerouting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address at which every request is answered by the small model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _SmallAnswers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with monkeypatch.context() as patched:
            patched.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.server_port}")
            yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _SmallAnswers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-5-5",
            "content": [{"type": "text", "text": "bug"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 9, "output_tokens": 1},
        }).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *_: Any) -> None:
        """Nothing: the test looks at what came of it."""


def found(result: Result) -> Any:
    return json.loads(result.stdout)


def asked(fake: StrictFake, since: int = 0) -> list[tuple[str, str]]:
    return [(one.body["model"], one.body["messages"][-1]["content"]) for one in fake.journal][
        since:
    ]


def started(suffice: Command) -> None:
    done = suffice("rollout", "start", "triage", "--to", "claude-haiku-5-5", "--by", "Ada")
    assert done.exit_code == 0, done.output


def events() -> list[str]:
    with Rollouts.open(Path(".suffice/rollouts.sqlite"), write=False) as store:
        return [one.event.kind for one in store.events()]


def state() -> RolloutState:
    with Rollouts.open(Path(".suffice/rollouts.sqlite"), write=False) as store:
        kept = store.get("triage")
    assert kept is not None
    return kept.rollout.state


def a_week_passes() -> None:
    """As if all runs over held-out cases had been made a week earlier."""
    for path in Path(".suffice/runs").glob("*/result.json"):
        result = json.loads(path.read_text())
        if result.get("held_out_of"):
            at = datetime.fromisoformat(result["created"]) - timedelta(days=7)
            path.write_text(json.dumps({**result, "created": at.isoformat()}))


def planned_beta(run: Path) -> float:
    beta: float = json.loads((run / "run.json").read_text())["plan"]["limits"]["beta"]
    return beta


def test_what_an_early_stop_never_asked_is_kept_privately_and_without_answers(
    compared: Path,
) -> None:
    kept = read_held_out(compared)

    file = compared / "held_out.jsonl"
    answered = {one.key.case_id for one in read_answers(compared)}
    aside = [one for one in kept if not one.pilot]
    assert len(aside) == 200
    assert not {one.case.id for one in aside} & answered
    assert {one.case.id for one in kept if one.pilot} <= answered
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(one.case.answers == {} for one in kept)


def test_held_out_cases_are_asked_of_both_models_and_stand_beside_the_first_verdict(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    before = len(fake.journal)

    again = suffice("compare", "--held-out", "triage", *AGAIN)

    result = found(again)
    [verdict] = result["types"]
    assert again.exit_code == 0, again.output
    assert (verdict["verdict"], verdict["pairs"]) == ("switch", 200)
    assert result["held_out_of"] == compared.name
    [beside] = [note for note in result["notes"] if "no verdict had seen" in note]
    assert beside.startswith("triage: Switch (")
    assert compared.name in beside
    per_model = [model for model, _ in asked(fake, before)]
    assert per_model.count("claude-haiku-5-5") == 200
    assert per_model.count("claude-opus-5-5") == 2 * (200 + 60)  # twice, the first time
    assert "200 cases" in again.stderr
    assert "they bound it to" in again.stderr


def test_a_run_over_held_out_cases_carries_no_rollout(
    suffice: Command, fake: StrictFake, compared: Path
) -> None:
    """
    It is as large as what was left over; the rollout rests on the run that was made to prove it.
    """
    suffice("compare", "--held-out", "triage", *AGAIN)

    started(suffice)

    with Rollouts.open(Path(".suffice/rollouts.sqlite"), write=False) as store:
        kept = store.get("triage")
    assert kept is not None
    assert kept.rollout.basis.run == compared.name


def test_a_candidate_that_declined_is_taken_back_by_held_out_cases_alone(
    suffice: Command, compared: Path, fake: StrictFake, world: World
) -> None:
    """
    Its shadow pairs may agree, since shadow compares today's traffic.
    """
    assert compared.exists()
    started(suffice)
    world.candidate = 0.3

    again = suffice("compare", "--held-out", "triage", *AGAIN)
    suffice("monitor", "--once", "--no-alerts")

    assert found(again)["types"][0]["verdict"] == "keep"
    assert state() is RolloutState.ROLLED_BACK
    assert events() == ["started", "noted", "rolled_back"]


def test_without_a_word_to_the_rollout_nothing_is_taken_back(
    suffice: Command, fake: StrictFake, compared: Path, world: World
) -> None:
    assert compared.exists()
    assert not fake.journal
    started(suffice)
    world.candidate = 0.3

    suffice("compare", "--held-out", "triage", *AGAIN, "--no-recheck")
    suffice("monitor", "--once", "--no-alerts")

    assert events() == ["started"]


def test_a_baseline_that_changed_is_told_and_holds_the_rollout(
    suffice: Command, fake: StrictFake, compared: Path, world: World
) -> None:
    """
    By an event, a message that wakes nobody, the status, the explanation and the weekly report.
    """
    assert compared.exists()
    assert not fake.journal
    Path("suffice.toml").write_text('[alerts.file]\nkind = "log"\npath = "alerts.jsonl"\n')
    started(suffice)
    calm = suffice("compare", "--held-out", "triage", *AGAIN)
    a_week_passes()
    world.baseline = 0.05

    moved = suffice("compare", "--held-out", "triage", *AGAIN)
    suffice("monitor", "--once")

    by_arm = {one["arm"]: one for one in found(moved)["probes"]}
    assert not any(one["moved"] for one in found(calm)["probes"])
    assert by_arm["baseline"]["p_value"] <= by_arm["baseline"]["level"] < 0.001
    assert not by_arm["candidate"]["moved"]
    assert found(moved)["types"][0]["verdict"] == "not_yet"
    assert events() == ["started", "noted", "baseline_moved", "noted", "held"]
    assert state() is RolloutState.HOLDING_UNDECIDED
    alerts = [json.loads(line) for line in Path("alerts.jsonl").read_text().splitlines()]
    [drift] = [one for one in alerts if one["type"] == "drift.detected"]
    assert drift["data"]["level"] == "message"
    for words in (("rollout", "status", "triage"), ("explain", "event:3"), ("report", "--weekly")):
        assert "claude-opus-5-5 has changed" in " ".join(suffice(*words).stdout.split()), words


def test_once_both_models_as_they_are_get_a_switch_the_rollout_goes_on(
    suffice: Command, fake: StrictFake, compared: Path, world: World
) -> None:
    """
    Here the provider takes its change back; what was found changed twice is as it was proved.
    """
    assert compared.exists()
    assert not fake.journal
    started(suffice)
    suffice("compare", "--held-out", "triage", *AGAIN)
    a_week_passes()
    world.baseline = 0.05
    suffice("compare", "--held-out", "triage", *AGAIN)
    suffice("monitor", "--once", "--no-alerts")
    held = state()
    world.baseline = 0.0

    again = suffice("compare", "--held-out", "triage", *AGAIN)
    suffice("monitor", "--once", "--no-alerts")

    assert held is RolloutState.HOLDING_UNDECIDED
    assert found(again)["types"][0]["alpha"] == 0.025
    assert state() is RolloutState.ADVANCING
    assert events()[-1] == "released"


def test_a_budget_holds_and_what_was_asked_is_never_paid_again(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    assert compared.exists()
    before = len(fake.journal)
    few = suffice(
        "compare", "--held-out", "triage", "--yes", "--budget", "0.30", "--format", "json"
    )
    spent = Decimal(found(few)["spending"]["spent_usd"])

    rest = suffice("compare", "--held-out", "triage", *AGAIN, "--resume")

    assert few.exit_code == 12
    assert spent <= Decimal("0.30")
    assert rest.exit_code == 0, rest.output
    calls = asked(fake, before)
    pilot = {one.case.id for one in read_held_out(compared) if one.pilot}
    twice = [one for one in set(calls) if calls.count(one) > 1]
    assert len(calls) == 200 * 3 + 2 * 60
    assert len(twice) == len(pilot) + 200


def test_a_run_that_was_over_is_entered_again_and_is_no_earlier_one_of_itself(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    """
    So it is where it was killed, or the store was locked, between its result and the rollout.
    """
    save = ("--save", str(compared.parent / "again"))
    first = found(suffice("compare", "--held-out", "triage", *AGAIN, *save))
    before = len(fake.journal)

    second = found(suffice("compare", "--held-out", "triage", *AGAIN, *save, "--resume"))

    assert len(fake.journal) == before
    assert second["probes"] == first["probes"]


def test_a_look_soon_after_another_is_given_little_wherever_its_run_lies(
    suffice: Command, compared: Path, fake: StrictFake, tmp_path: Path
) -> None:
    """
    Looks are kept with the rollout, so that no other folder and no deletion gives them back.
    """
    assert compared.exists()
    started(suffice)
    elsewhere = tmp_path / "elsewhere"
    first = suffice("compare", "--held-out", "triage", *AGAIN, "--save", elsewhere)
    betas = [planned_beta(elsewhere)]
    shutil.rmtree(elsewhere)

    second = suffice("compare", "--held-out", "triage", *AGAIN, "--save", elsewhere)
    betas.append(planned_beta(elsewhere))

    assert fake.journal
    assert betas[0] == pytest.approx(0.05 / 52)
    assert 0 < betas[1] < 1e-5
    assert "soon after another" not in first.stderr
    assert "soon after another" in second.stderr


def test_even_a_look_soon_after_another_takes_back_what_is_no_good_at_all(
    suffice: Command, compared: Path, fake: StrictFake, world: World
) -> None:
    assert compared.exists()
    started(suffice)
    suffice("compare", "--held-out", "triage", *AGAIN)
    world.candidate = 0.5

    suffice("compare", "--held-out", "triage", *AGAIN)
    suffice("monitor", "--once", "--no-alerts")

    assert fake.journal
    assert state() is RolloutState.ROLLED_BACK


def test_a_run_that_was_stopped_and_resumed_is_one_look(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    assert compared.exists()
    started(suffice)
    save = ("--save", "again")
    few = ("--yes", "--budget", "0.30", "--format", "json")
    stopped = suffice("compare", "--held-out", "triage", *few, *save)
    first = planned_beta(Path("again"))

    rest = suffice("compare", "--held-out", "triage", *AGAIN, *save, "--resume")

    assert fake.journal
    assert (stopped.exit_code, rest.exit_code) == (12, 0)
    assert planned_beta(Path("again")) == first == pytest.approx(0.05 / 52)
    with Rollouts.open(Path(".suffice/rollouts.sqlite"), write=False) as store:
        assert len(json.loads(store.noted("triage", "looks"))) == 1


def test_a_look_that_was_declined_before_it_was_paid_costs_none(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    assert compared.exists()
    started(suffice)
    before = len(fake.journal)
    declined = suffice("compare", "--held-out", "triage", "--budget", "20")
    asked_by_then = len(fake.journal) - before

    again = suffice("compare", "--held-out", "triage", *AGAIN, "--save", "again")

    assert declined.exit_code != 0
    assert asked_by_then == 0
    assert again.exit_code == 0, again.output
    assert planned_beta(Path("again")) == pytest.approx(0.05 / 52)


def test_cases_set_aside_beforehand_are_the_same_whatever_the_seed(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    assert compared.exists()
    kept = []
    for seed in ("1", "2"):
        before = len(fake.journal)
        suffice("compare", "cases.jsonl", *ARMS, "--seed", seed, "--hold-out", "50", "--save", seed)
        aside = {one.case.id for one in read_held_out(Path(seed)) if not one.pilot}
        texts = {text for _, text in asked(fake, before)}
        assert not {f"Ticket {one.removeprefix('t-')}" for one in aside} & texts
        kept.append(aside)

    assert kept[0] == kept[1]
    assert len(kept[0]) == 50


def test_where_no_case_was_kept_it_is_said_with_a_way_to_have_some(
    suffice: Command, fake: StrictFake
) -> None:
    assert len(fake.journal) == 0

    refused = suffice("compare", "--held-out", "triage", *AGAIN)

    assert (refused.exit_code, refused.stderr[:5]) == (1, "SF110")
    assert "--hold-out 200" in refused.stderr


def test_cases_models_and_limits_are_those_of_the_run_that_kept_them(
    suffice: Command, compared: Path, fake: StrictFake
) -> None:
    before = len(fake.journal)

    refused = suffice("compare", "--held-out", compared, *ARMS)

    assert refused.exit_code == 2
    assert "--baseline does not go with --held-out" in refused.stderr
    assert len(fake.journal) == before


@pytest.mark.parametrize("option", ["--own-key", "--no-recheck"])
def test_what_goes_with_held_out_cases_alone_is_refused_without_them(
    suffice: Command, fake: StrictFake, option: str
) -> None:
    """
    Rather than paid with another key than was meant.
    """
    refused = suffice("compare", "cases.jsonl", *ARMS, option)

    assert refused.exit_code == 2
    assert f"{option} goes with --held-out" in refused.stderr
    assert not fake.journal


def test_the_key_is_in_no_file(
    suffice: Command, fake: StrictFake, compared: Path, tmp_path: Path
) -> None:
    again = suffice("compare", "--held-out", "triage", *AGAIN)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert compared.exists()
    assert fake.journal
    assert KEY not in again.output
    assert len(files) > AT_LEAST
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_of_a_recorded_run_cases_are_set_aside_only_where_asked_for_and_feed_no_verdict(
    suffice: Command, fake: StrictFake
) -> None:
    rows = [
        {
            "id": f"t-{number}",
            "type": "triage",
            "prompt": f"Ticket {number}",
            "max_tokens": 500,
            "outputs": {"claude-opus-5-5": "bug", "claude-haiku-5-5": "bug"},
        }
        for number in range(300)
    ]
    Path("recorded.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recorded = ("compare", "recorded.jsonl", *ARMS[:4], "--recorded", "--format", "json")

    whole = suffice(*recorded, "--save", "whole")
    part = suffice(*recorded, "--save", "part", "--hold-out", "80")
    again = suffice("compare", "--held-out", "part", *AGAIN)

    assert (found(whole)["types"][0]["pairs"], found(part)["types"][0]["pairs"]) == (300, 220)
    assert not (Path("whole") / "held_out.jsonl").exists()
    assert len(read_held_out(Path("part"))) == 80
    assert found(again)["types"][0]["pairs"] == 80
    assert len(fake.journal) == 80 * 3  # the baseline twice: no pilot shows how much it varies


def test_grades_alone_cannot_be_asked_again(suffice: Command) -> None:
    rows = [
        {"id": f"t-{n}", "type": "t", "outcomes": {"claude-opus-5-5": 1, "claude-haiku-5-5": 1}}
        for n in range(40)
    ]
    Path("graded.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    refused = suffice("compare", "graded.jsonl", *ARMS[:4], "--recorded", "--hold-out", "10")

    assert (refused.exit_code, refused.stderr[:5]) == (1, "SF110")


def test_answers_of_another_model_than_was_asked_re_check_nothing(
    suffice: Command, compared: Path, fake: StrictFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    As where the way to the provider leads through a gateway with a policy.
    """
    assert compared.exists()
    started(suffice)
    with _rerouting(monkeypatch):
        again = suffice("compare", "--held-out", "triage", *AGAIN)

    [note] = [one for one in found(again)["notes"] if "another model than was asked" in one]
    assert "claude-haiku-5-5 for claude-opus-5-5" in note
    assert events() == ["started"]
    assert not fake.journal
    suffice("compare", "--held-out", "triage", *AGAIN)
    assert len(fake.journal) == 200 * 3 + 2 * 60  # as the first time: nothing is known yet
