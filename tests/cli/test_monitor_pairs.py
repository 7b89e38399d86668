"""What the gateway left of shadow calls becomes the monitor's pairs, each once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from suffice.adapters.controlling.evidence import gather
from suffice.adapters.storage import RunInfo
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli import main
from suffice.cli.monitor_pairs import note_prompts
from suffice.gateway.shadow.left import ShadowFolder
from suffice.records import Comparison, Measure, ShadowAnswers, Verdict, Word

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    verdict = Verdict(
        type="triage",
        baseline=OPUS,
        candidate=HAIKU,
        pairs=412,
        measure=Measure.AGREEMENT,
        estimate=0.97,
        agreement=0.97,
        noise_floor=None,
        lower=0.95,
        upper=0.99,
        limit=0.9,
        verdict=Word.SWITCH,
        reason="as_good",
        scorer="label",
    )
    folder = tmp_path / ".suffice" / "runs" / "r1"
    folder.mkdir(parents=True)
    comparison = Comparison(types=(verdict,), created="2026-11-21T00:00:00Z")
    (folder / "result.json").write_bytes(msgspec.json.encode(comparison))
    (folder / "run.json").write_bytes(msgspec.json.encode(RunInfo(run_id="r1")))
    run("rollout", "start", "triage", "--to", HAIKU, "--by", "Ada")
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def leave(here: Path, name: str, served: str, shadow: str) -> None:
    def message(text: str) -> bytes:
        usage = {"input_tokens": 1_000, "output_tokens": 10}
        content = [{"type": "text", "text": text}]
        return json.dumps({"content": content, "stop_reason": "end_turn", "usage": usage}).encode()

    found = ShadowAnswers(
        id=name,
        at=4_000_000_000.0,
        type="triage",
        session=name,
        served_by="candidate",
        probability=1.0,
        request_id=f"req_{name}",
        baseline=OPUS,
        candidate=HAIKU,
        request=b'{"messages":[]}',
        served=message(served),
        shadow=message(shadow),
    )
    assert ShadowFolder(here / ".suffice" / "gateway" / "shadow", mask=bytes).leave(found)


def kept(here: Path) -> list[Any]:
    with Rollouts.open(here / ".suffice" / "rollouts.sqlite", write=False) as store:
        return store.pairs("triage")


def test_each_pair_is_scored_by_the_verdicts_own_scorer_and_kept_once(here: Path) -> None:
    leave(here, "a", "refund", "Label: refund")
    leave(here, "b", "refund", "billing")
    run("monitor", "--once", "--no-alerts")
    leave(here, "a", "refund", "Label: refund")
    run("monitor", "--once", "--no-alerts")
    assert [(pair.request_id, pair.score) for pair in kept(here)] == [
        ("req_a", 1.0),
        ("req_b", 0.0),
    ]
    assert list((here / ".suffice" / "gateway" / "shadow").iterdir()) == []


def test_a_pair_knows_what_the_baselines_answer_cost(here: Path) -> None:
    leave(here, "a", "refund", "refund")
    run("monitor", "--once", "--no-alerts")
    # 1,000 tokens in at $4 and 10 out at $20 a million.
    assert float(kept(here)[0].cost_usd) == pytest.approx(0.0042)


def test_a_file_that_is_none_of_ours_is_cleared_away(here: Path) -> None:
    leave(here, "a", "refund", "refund")
    (here / ".suffice" / "gateway" / "shadow" / "z.json").write_text("{torn")
    run("monitor", "--once", "--no-alerts")
    assert len(kept(here)) == 1
    assert list((here / ".suffice" / "gateway" / "shadow").iterdir()) == []


def test_files_that_cannot_be_cleared_away_stop_no_round_and_count_once(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(here, "a", "refund", "refund")

    def refuse(_: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert "cannot be taken in" in run("monitor", "--once", "--no-alerts")
    assert "cannot be taken in" in run("monitor", "--once", "--no-alerts")
    assert len(kept(here)) == 1


def test_a_prompt_counts_as_steady_once_all_requests_came_with_it_for_an_hour(here: Path) -> None:
    folder = here / ".suffice" / "gateway"
    began = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def seen(*versions: str) -> None:
        (folder / "prompts").mkdir(parents=True, exist_ok=True)
        types = {"triage": list(enumerate(versions))}
        (folder / "prompts" / "0.json").write_text(json.dumps({"types": types}))

    def steady(minutes: int) -> str:
        at = began + timedelta(minutes=minutes)
        with Rollouts.open(here / ".suffice" / "rollouts.sqlite") as store:
            note_prompts(folder, store, at)
            found = store.get("triage")
            assert found is not None
            return gather(store, found, account=None, now=at).steady_prompt

    seen(*["a"] * 20)
    assert [steady(0), steady(59), steady(60)] == ["", "", "a"]
    seen(*["a"] * 19, "b")
    assert steady(61) == ""
    seen(*["a"] * 20)
    assert [steady(62), steady(121), steady(122)] == ["", "", "a"]
