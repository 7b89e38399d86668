"""`suffice rollout` and `monitor`: what people do, see and are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage import RunInfo
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli import main
from suffice.gateway.metrics import Metrics
from suffice.records import Comparison, Measure, ShadowPair, Verdict, Word


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "ada")
    return tmp_path


def suffice(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def fine(*arguments: str) -> str:
    result = suffice(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def kept_run(
    here: Path, name: str = "r1", word: Word = Word.SWITCH, *, type_: str = "triage", **more: Any
) -> None:
    created = more.pop("created", f"2026-11-21T00:00:00Z-{name}")
    verdict = Verdict(
        type=type_,
        baseline=more.pop("baseline", "claude-opus-5-5@A"),
        candidate=more.pop("candidate", "claude-haiku-5-5@B"),
        pairs=412,
        measure=Measure.AGREEMENT,
        estimate=0.97,
        agreement=0.97,
        noise_floor=None,
        lower=0.95,
        upper=0.99,
        limit=0.9,
        verdict=word,
        reason="as_good",
        **more,
    )
    folder = here / ".suffice" / "runs" / name
    folder.mkdir(parents=True)
    comparison = Comparison(types=(verdict,), created=created)
    (folder / "result.json").write_bytes(msgspec.json.encode(comparison))
    (folder / "run.json").write_bytes(msgspec.json.encode(RunInfo(run_id=name)))


def state_of_triage() -> str:
    status = json.loads(fine("rollout", "status", "triage", "--format", "json"))
    return str(status["rollout"]["state"])


def in_force() -> Any:
    return json.loads(fine("policy", "show", "--format", "json"))


def test_the_next_type_is_proposed_with_the_command_that_starts_it(here: Path) -> None:
    kept_run(here)

    output = fine("rollout", "next")

    assert "Next  suffice rollout start triage --to haiku-5-5" in output
    assert "Started at 5 %" in fine("rollout", "start", "triage", "--to", "haiku-5-5")


@pytest.mark.parametrize("named", ["haiku-5-5", "claude-haiku-5-5"])
def test_a_run_is_named_with_the_short_or_the_whole_name_of_its_model(
    here: Path, named: str
) -> None:
    kept_run(here)

    fine("rollout", "start", "triage", "--to", named, "--from-run", "r1")

    assert in_force()["types"]["triage"]["candidate"] == "claude-haiku-5-5"


def test_a_run_that_named_models_by_their_short_names_moves_to_what_the_provider_knows(
    here: Path,
) -> None:
    kept_run(here, baseline="opus-5-5", candidate="haiku-5-5")

    fine("rollout", "start", "triage")

    rule = in_force()["types"]["triage"]
    assert (rule["baseline"], rule["candidate"]) == ("claude-opus-5-5", "claude-haiku-5-5")
    assert fine("explain", "triage").count("gap") == 0


def test_only_a_switch_that_stands_by_itself_is_proposed(here: Path) -> None:
    kept_run(here, "r1")
    kept_run(here, "r2", Word.KEEP)
    kept_run(here, "r3", type_="mail", provisional=True)

    assert "No type is proven" in fine("rollout", "next")


def test_a_name_that_is_to_be_copied_stands_whole_where_nobody_says_how_wide_it_is(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "summarise-conversations-of-customers"
    kept_run(here, type_=name)
    monkeypatch.delenv("COLUMNS", raising=False)
    piped = fine("rollout", "next")
    monkeypatch.setenv("COLUMNS", "40")
    narrow = fine("rollout", "next")

    assert f"{name}  opus-5-5 -> haiku-5-5" in piped
    assert "r1" in piped
    assert "proved by" not in narrow
    assert "opus-5-5 ->" in narrow


def test_what_to_expect_of_a_rollout_under_way_leads_to_its_status(here: Path) -> None:
    kept_run(here)
    before = fine("rollout", "plan", "triage", "--per-day", "100")
    fine("rollout", "start", "triage")
    after = fine("rollout", "plan", "triage", "--per-day", "100")

    assert "Next  suffice rollout start triage" in before
    assert "Next  suffice rollout status triage" in after


def test_a_rollout_nobody_serves_yet_leads_to_the_gateway(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    assert fine("rollout", "status", "triage").endswith("Next  suffice gateway\n")


def test_a_model_is_not_rolled_out_in_place_of_itself(here: Path) -> None:
    kept_run(here, candidate="claude-opus-5-5@C")

    refused = suffice("rollout", "start", "triage")

    assert "No type is proven" in fine("rollout", "next")
    assert (refused.exit_code, refused.stderr[:5]) == (2, "SF005")
    assert "the model triage has already" in refused.stderr


def test_what_was_taken_back_is_proposed_again_only_where_it_may_begin(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")
    fine("rollout", "abort", "triage")
    aborted = suffice("rollout", "next")
    with Rollouts.open(here / ".suffice" / "rollouts.sqlite", write=True) as store:
        (kept,) = store.all()
        rests = datetime.now(UTC) + timedelta(days=7)
        past = msgspec.structs.replace(
            kept.rollout.requalification, rollbacks=1, cools_until=rests, run="r1", alpha=0.025
        )
        store.save(
            msgspec.structs.replace(kept.rollout, requalification=past),
            (),
            after=kept.rollout.version,
        )

    rests_now = suffice("rollout", "next")

    assert "Next  suffice rollout start triage --to haiku-5-5" in aborted.stdout
    assert "No type is proven" in rests_now.stdout
    assert "left out: triage was rolled back and rests for another 7.0 days." in rests_now.stderr


def test_a_start_publishes_the_first_stage_and_says_so(here: Path) -> None:
    kept_run(here)

    output = fine("rollout", "start", "triage", "--to", "claude-haiku-5-5", "--by", "Ada")

    assert "Policy 1 is in force: 5 % set." in output
    rule = in_force()["types"]["triage"]
    assert (rule["share"], rule["basis"]["run"]) == (0.05, "r1")


def test_batches_of_shadow_calls_take_a_key_of_their_own(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_run(here)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-somebody-elses")

    refused = suffice("rollout", "start", "triage", "--shadow-batched")

    assert refused.exit_code == 1
    assert "SF008" in refused.output
    assert "SUFFICE_OWN_KEY" in refused.output
    assert not (here / ".suffice" / "policy.json").exists()
    monkeypatch.setenv("SUFFICE_OWN_KEY", "sk-own-0123456789")
    output = fine("rollout", "start", "triage", "--shadow-batched")
    assert in_force()["types"]["triage"]["shadow_batched"] is True
    assert "sk-own" not in output


def test_a_gateway_that_says_it_has_the_key_is_taken_at_its_word(here: Path) -> None:
    kept_run(here)
    figures = Metrics(here / ".suffice" / "gateway" / "metrics")
    figures.set("suffice_own_key", 1.0)
    figures.save()

    fine("rollout", "start", "triage", "--shadow-batched")

    assert in_force()["types"]["triage"]["shadow_batched"] is True


def test_how_shadow_calls_are_made_can_be_changed_later(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    assert "SF008" in suffice("rollout", "shadow", "triage", "--batched").output
    assert in_force()["types"]["triage"]["shadow_batched"] is False
    monkeypatch.setenv("SUFFICE_OWN_KEY", "sk-own-0123456789")
    assert "wait for batches" in fine("rollout", "shadow", "triage", "--batched", "--by", "Ada")
    assert in_force()["types"]["triage"]["shadow_batched"] is True
    assert "agreement (batched)" in fine("rollout", "status", "triage")
    assert "made at once" in fine("rollout", "shadow", "triage", "--live", "--by", "Ada")
    assert "agreement (shadow)" in fine("rollout", "status", "triage")
    assert in_force()["types"]["triage"]["shadow_batched"] is False


def test_a_type_without_a_rollout_is_shadowed_by_batch_where_its_policy_says_so(
    here: Path,
) -> None:
    batched = ("--baseline", "claude-opus-5-5", "--shadow", "0.05", "--shadow-batched")

    fine("policy", "set", "mail", "--to", "claude-haiku-5-5", *batched)

    assert "5 % of it shadowed by batch" in in_force()["audit"][0]["action"]


def test_less_than_a_switch_is_refused_unless_somebody_signs_an_override(here: Path) -> None:
    kept_run(here, word=Word.NOT_YET)
    signed = ("--by", "Ada", "--reason", "a trial we watch")

    plain = suffice("rollout", "start", "triage", *signed)
    unsigned = suffice("rollout", "start", "triage", "--override", "--by", "Ada")
    overruled = suffice("rollout", "start", "triage", "--override", *signed)

    assert (plain.exit_code, unsigned.exit_code, overruled.exit_code) == (2, 2, 0)
    assert "not Switch" in plain.output
    line = in_force()["audit"][-1]
    assert (line["by"], line["reason"]) == ("Ada", "a trial we watch")
    assert "overruled by Ada" in line["overrules"]


def test_a_switch_about_another_prompt_than_the_live_one_starts_nothing(here: Path) -> None:
    kept_run(here, prompt_version="a" * 64)
    prompts = here / ".suffice" / "gateway" / "prompts"
    prompts.mkdir(parents=True)
    seen = {"types": {"triage": [(number, "b" * 64) for number in range(10)]}}
    (prompts / "0.json").write_text(json.dumps(seen))

    refused = suffice("rollout", "start", "triage", "--by", "Ada")

    assert refused.exit_code == 2
    assert "SF405" in refused.output
    assert "about prompt aaaaaaaaaaaa; live is bbbbbbbbbbbb" in refused.output


def see_prompts(here: Path, *versions: str) -> None:
    folder = here / ".suffice" / "gateway" / "prompts"
    folder.mkdir(parents=True)
    seen = {"types": {"triage": list(enumerate(versions))}}
    (folder / "0.json").write_text(json.dumps(seen))


@pytest.mark.parametrize(
    ("cases", "live", "watched", "said"),
    [
        ("a" * 64, [], "a" * 64, "prompt aaaaaaaaaaaa, as proved"),
        ("", ["b" * 64] * 12, "b" * 64, "prompt bbbbbbbbbbbb, as it was live"),
        ("", ["b" * 64, "c" * 64] * 6, "", "prompt edits are not watched"),
        ("", [], "", "prompt edits are not watched"),
    ],
)
def test_which_prompt_is_watched_is_said_on_every_surface(
    here: Path, cases: str, live: list[str], watched: str, said: str
) -> None:
    kept_run(here, prompt_version=cases)
    see_prompts(here, *live)

    fine("rollout", "start", "triage")

    shown = json.loads(fine("rollout", "status", "triage", "--format", "json"))["rollout"]
    assert shown["prompt_version"] == watched
    assert shown["prompt"].startswith(said)
    assert said in fine("rollout", "status", "triage")
    weekly = fine("report", "--weekly")
    assert ("Prompt edits are not watched of triage" in weekly) == (not watched)


def begin(here: Path, **more: Any) -> None:
    kept_run(here, **more)
    fine("rollout", "start", "triage", "--by", "Ada")


@pytest.mark.parametrize(
    ("word", "state"), [(Word.KEEP, "rolled_back"), (Word.NOT_YET, "advancing")]
)
def test_a_later_keep_on_held_out_cases_takes_the_rollout_back(
    here: Path, word: Word, state: str
) -> None:
    begin(here)
    kept_run(here, "r2", word, created="2999-01-01T00:00:00Z")

    fine("rollout", "recheck", "triage")
    fine("monitor", "--once", "--no-alerts")

    status = json.loads(fine("rollout", "status", "triage", "--format", "json"))
    assert status["rollout"]["state"] == state
    assert any("r2 says" in event["sentence"] for event in status["events"])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"created": "2020-01-01T00:00:00Z"}, "is no later than the rollout"),
        ({"prompt_version": "b" * 64}, "is about another prompt"),
        ({"baseline": "claude-sonnet-5-5"}, "compares with claude-sonnet-5-5"),
        ({"created": "yesterday"}, "does not say when it was made"),
    ],
)
def test_what_is_no_later_word_on_the_same_question_is_refused(
    here: Path, more: dict[str, Any], why: str
) -> None:
    begin(here, prompt_version="a" * 64)
    kept_run(here, "r2", Word.KEEP, **{"created": "2999-01-01T00:00:00Z", **more})

    result = suffice("rollout", "recheck", "triage", "--from-run", "r2")

    assert result.exit_code == 2
    assert why in result.output


def test_a_second_comparison_of_a_year_must_be_surer_than_the_first_to_take_anything_back(
    here: Path,
) -> None:
    """
    Each one is another look at the same question: at 5 % each, a weekly one would be wrong twice.
    """
    begin(here)
    later = {"created": "2999-01-01T00:00:00Z"}
    kept_run(here, "r2", Word.NOT_YET, **later)
    kept_run(here, "r3", Word.KEEP, **later, keep_level=0.04)
    kept_run(here, "r4", Word.KEEP, **later, keep_level=1e-12)
    fine("rollout", "recheck", "triage", "--from-run", "r2")

    unheard = fine("rollout", "recheck", "triage", "--from-run", "r3")
    fine("monitor", "--once", "--no-alerts")
    meanwhile = state_of_triage()
    status = fine("rollout", "status", "triage")
    again = fine("rollout", "recheck", "triage", "--from-run", "r3")
    fine("rollout", "recheck", "triage", "--from-run", "r4")
    fine("monitor", "--once", "--no-alerts")

    assert "r3 says Keep" in unheard
    assert "It is sure of that at 4 %" in unheard
    assert "nothing is taken back by it" in unheard
    assert "suffice rollout abort triage --by NAME --reason TEXT" in unheard
    assert "Keep, not sure enough to take anything back (r3)" in " ".join(status.split())
    assert again == unheard
    assert (meanwhile, state_of_triage()) == ("advancing", "rolled_back")


def test_the_plan_is_the_one_that_was_asked_for(here: Path) -> None:
    kept_run(here)

    fine("rollout", "start", "triage", "--plan", "10/100", "--days", "7", "--holdout", "0.05")

    shown = json.loads(fine("rollout", "status", "triage", "--format", "json"))["rollout"]
    assert [guard["limit"] for guard in shown["guards"][1:]] == [100.0] * 4
    assert shown["shares"] == [0.1, 0.95]
    assert shown["least_s"] == 7 * 86_400


def test_status_is_for_machines_with_its_schema(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    told = json.loads(fine("rollout", "status", "triage", "--format", "json"))

    assert (told["schema"], told["version"]) == ("suffice.rollout", 1)
    assert told["rollout"]["state"] == "advancing"
    assert (told["rollout"]["set_share"], told["rollout"]["actual_share"]) == (0.05, None)
    assert [event["kind"] for event in told["events"]] == ["started"]


def test_status_names_state_stage_set_and_actual_and_what_comes_next(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    output = fine("rollout", "status", "triage")

    for told in (
        "Advancing",
        "stage 1 of 3",
        "set 5 %",
        "actual no account",
        "25 % after 150 more",
    ):
        assert told in output


def test_the_list_says_how_long_a_stage_will_take_at_its_pace(here: Path) -> None:
    from datetime import UTC, datetime, timedelta

    kept_run(here)
    fine("rollout", "start", "triage")
    with Rollouts.open(here / ".suffice" / "rollouts.sqlite") as store:
        kept = store.get("triage")
        assert kept is not None
        began = datetime.now(UTC) - timedelta(hours=5)
        watch = msgspec.structs.replace(kept.rollout.watch, stage_pairs=50)
        went_on = msgspec.structs.replace(
            kept.rollout, stage_began=began, watch=watch, version=kept.rollout.version + 1
        )
        store.save(went_on, (), after=kept.rollout.version)

    assert fine("rollout", "list").splitlines()[1].endswith("~10 h")
    told = json.loads(fine("rollout", "list", "--format", "json"))["rollouts"][0]
    assert told["stage_left_s"] == pytest.approx(36_000, rel=0.01)
    assert "after 100 more pairs (about 10.0 hours at this pace)" in fine(
        "rollout", "status", "triage"
    )


def test_what_is_held_out_is_left_out_of_every_share_that_is_told(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage", "--plan", "50/100", "--holdout", "0.1")

    output = fine("rollout", "status", "triage")

    assert "○ 90 %" in output or "o 90 %" in output
    assert "90 % after 150 more pairs" in output


def test_what_was_taken_back_says_why_in_words(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")
    fine("rollout", "abort", "triage")

    output = fine("rollout", "status", "triage")

    assert "because somebody aborted it" in output
    assert "prompt" not in output.split("2026-")[0]


def test_hold_promote_abort_and_undo_are_kept_with_who_did_it(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    fine("rollout", "hold", "triage", "--by", "Ada")
    fine("rollout", "undo", "triage", "--by", "Ben")
    refused = suffice("rollout", "promote", "triage", "--by", "Ada")
    fine("rollout", "promote", "triage", "--by", "Ada", "--reason", "the shop opens")
    fine("rollout", "abort", "triage")

    assert refused.exit_code == 2
    told = json.loads(fine("rollout", "status", "triage", "--format", "json"))["events"]
    assert [(event["kind"], event["by"]) for event in told][1:] == [
        ("held", "Ada"),
        ("undone", "Ben"),
        ("promoted", "Ada"),
        ("aborted", "ada"),
    ]
    assert in_force()["types"]["triage"]["share"] == 0.0


def test_an_abort_given_twice_changes_nothing_more(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")
    fine("rollout", "abort", "triage")

    assert "is so already" in fine("rollout", "abort", "triage")
    assert in_force()["version"] == 2


def test_a_type_is_not_started_twice(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    result = suffice("rollout", "start", "triage")

    assert result.exit_code == 2
    assert "has a rollout already" in result.output


def test_a_misspelt_type_is_answered_with_the_nearest(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")

    result = suffice("rollout", "status", "triag")

    assert (result.exit_code, "There is triage." in result.output) == (2, True)


@pytest.mark.parametrize("command", ["status", "list"])
def test_before_any_rollout_the_list_is_empty_and_says_how_to_begin(
    here: Path, command: str
) -> None:
    assert "Next  suffice rollout next" in fine("rollout", command)
    assert json.loads(fine("rollout", command, "--format", "json"))["rollouts"] == []
    assert not (here / ".suffice").exists()
    assert suffice("rollout", "status", "triage").exit_code == 1


def test_the_monitor_takes_a_fall_back_in_one_round_and_tells_the_log(here: Path) -> None:
    from datetime import UTC, datetime

    from suffice.records.rollout_evidence import ShadowPair

    (here / "suffice.toml").write_text('[alerts.file]\nkind = "log"\npath = "a.jsonl"\n')
    kept_run(here)
    fine("rollout", "start", "triage")
    with Rollouts.open(here / ".suffice" / "rollouts.sqlite") as store:
        store.add_pairs(
            [
                ShadowPair(
                    id=str(place), at=datetime.now(UTC), type="triage", session=str(place),
                    served_by="candidate", probability=1.0, score=0.0,
                )
                for place in range(80)
            ]
        )  # fmt: skip

    output = fine("monitor", "--once")

    assert "agreement has fallen" in output
    assert in_force()["types"]["triage"]["share"] == 0.0
    told = [json.loads(line)["type"] for line in (here / "a.jsonl").read_text().splitlines()]
    assert told == ["rollout.started", "rollout.rolled_back"]


def test_a_monitor_without_a_budget_is_not_paused_by_the_one_before_it(here: Path) -> None:
    """
    Its note lay in the store, and nothing would ever have taken it away.
    """
    kept_run(here)
    fine("rollout", "start", "triage")

    fine("monitor", "--once", "--no-alerts", "--shadow-usd", "0")
    before = json.loads(fine("rollout", "status", "triage", "--format", "json"))
    fine("monitor", "--once", "--no-alerts")
    after = json.loads(fine("rollout", "status", "triage", "--format", "json"))

    assert before["rollout"]["state"] == "paused"
    assert after["rollout"]["state"] == "advancing"


def test_a_rollout_that_nobody_looks_at_any_more_says_so(here: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from suffice.cli.monitor_figures import leave_health
    from suffice.cli.rollout_world import Places

    kept_run(here)
    fine("rollout", "start", "triage")
    data = here / ".suffice" / "gateway"
    (data / "metrics").mkdir(parents=True)
    places = Places(here / "unused", here / "unused", data)

    said = []
    for hours in (0, 3):
        leave_health(places, now=datetime.now(UTC) - timedelta(hours=hours))
        status = json.loads(fine("rollout", "status", "triage", "--format", "json"))
        said.append(status["rollout"]["next"])

    assert not said[0].startswith("Nobody watches it")
    assert said[1].startswith(
        "Nobody watches it, and nothing takes it back: it was last looked at 3.0 hours ago."
    )


def test_a_monitor_that_could_tell_nobody_says_so_before_it_watches(here: Path) -> None:
    (here / "suffice.toml").write_text('[alerts.t]\nkind = "slack"\nurl_env = "NOT_SET_HERE"\n')

    result = suffice("monitor", "--once")

    assert (result.exit_code, "NOT_SET_HERE is not set" in result.output) == (2, True)


def test_the_monitor_leaves_figures_for_prometheus(here: Path) -> None:
    from suffice.gateway.metrics import read_snapshot

    kept_run(here)
    fine("rollout", "start", "triage")
    folder = here / ".suffice" / "gateway" / "metrics"
    folder.mkdir(parents=True)

    fine("monitor", "--once")

    gauges = {
        (name, dict(labels).get("state") or dict(labels).get("kind")): value
        for name, labels, value in read_snapshot(folder / "monitor.metrics").gauges
    }
    assert gauges["suffice_rollout_state", "advancing"] == 1.0
    assert gauges["suffice_rollout_state", "rolled_back"] == 0.0
    assert gauges["suffice_rollout_weight_ratio", "set"] == 0.05


def test_a_plan_for_a_volume_nobody_has_seen(here: Path) -> None:
    told = json.loads(
        fine(
            *("rollout", "plan", "--pairs-per-day", "100", "--agreement", ".97"),
            *("--fall-to", ".80", "--format", "json"),
        )
    )

    assert 55 < told["pairs_to_detect"] < 90
    assert told["days_to_detect"] == pytest.approx(told["pairs_to_detect"] / 100)
    assert told["false_alarms_per_year"] <= told["false_alarms_per_year_bound"] == 0.2


def test_a_plan_without_a_volume_is_refused(here: Path) -> None:
    assert suffice("rollout", "plan").exit_code == 2
    assert suffice("rollout", "plan", "triage").exit_code == 2


def test_what_has_no_score_is_told_with_its_commonest_reasons(here: Path) -> None:
    kept_run(here)
    fine("rollout", "start", "triage")
    assert "no score" not in fine("rollout", "status", "triage")
    reasons = [*["HTTP 529"] * 5, *["the batch\nexpired"] * 2, "HTTP 401", "HTTP 403", ""]
    with Rollouts.open(here / ".suffice" / "rollouts.sqlite") as store:
        kept = store.get("triage")
        assert kept is not None
        store.add_pairs(
            [
                ShadowPair(
                    id=f"p{number}",
                    at=kept.rollout.began,
                    type="triage",
                    session=f"s{number}",
                    served_by="candidate",
                    probability=0.05,
                    score=1.0 if why is None else None,
                    why_missing=why or "",
                )
                for number, why in enumerate([None, *reasons])
            ]
        )

    output = fine("rollout", "status", "triage")

    assert (
        "10 of 11 pairs since it began have no score: 5 HTTP 529, 2 the batch expired, "
        "1 HTTP 401, 2 other"
    ) in output
