"""`suffice policy`: what people do to the routing table, and what it remembers of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.records import Comparison, Measure, Verdict, Word


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def policy(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["policy", *arguments])


def published(*arguments: str) -> Result:
    result = policy("set", *arguments)
    assert result.exit_code == 0, result.output
    return result


def in_force() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(policy("show", "--format", "json").output)
    return found


def run(folder: Path, word: Word = Word.SWITCH, *, name: str = "run.json", **fields: Any) -> str:
    """A stored comparison with one verdict; its path."""
    verdict = Verdict(
        type="triage",
        baseline="claude-opus-5-5@A",
        candidate="claude-haiku-5-5@B",
        pairs=412,
        measure=Measure.QUALITY,
        estimate=0.0,
        agreement=None,
        noise_floor=None,
        lower=-0.02,
        upper=0.02,
        limit=-0.03,
        verdict=word,
        reason="as_good",
        **fields,
    )
    path = folder / name
    path.write_bytes(msgspec.json.encode(Comparison(types=(verdict,), prices_dated="2026-11-21")))
    return str(path)


def test_a_switch_moves_its_share_and_the_policy_keeps_why(here: Path) -> None:
    result = published("triage", "--share", "5%", "--from-run", run(here))

    assert "Policy 1 is in force." in result.output
    rule = in_force()["types"]["triage"]
    assert (rule["baseline"], rule["candidate"]) == ("claude-opus-5-5", "claude-haiku-5-5")
    assert (rule["share"], rule["before"]) == (0.05, 0.0)
    assert rule["basis"]["verdict"] == "switch"
    assert rule["basis"]["pairs"] == 412


@pytest.mark.parametrize(
    ("word", "fields", "says"),
    [
        (Word.KEEP, {}, "says Keep, not Switch, after 412 pairs"),
        (Word.NOT_YET, {}, "says Not yet, not Switch"),
        (Word.SWITCH, {"provisional": True}, "is provisional"),
    ],
)
def test_less_than_a_switch_is_refused(
    here: Path, word: Word, fields: dict[str, Any], says: str
) -> None:
    result = policy("set", "triage", "--share", "0.05", "--from-run", run(here, word, **fields))

    assert result.exit_code == 2
    assert "SF404" in result.output
    assert says in result.output
    assert in_force()["version"] == 0


def test_a_name_and_a_reason_overrule_the_evidence_and_stay_for_good(here: Path) -> None:
    keep = run(here, Word.KEEP)
    half = ("set", "triage", "--share", "0.05", "--from-run", keep, "--reason", "A pilot team.")
    assert policy(*half).exit_code == 2

    published(*half[1:], "--by", "Kim")

    line = in_force()["audit"][0]
    assert (line["by"], line["reason"], line["run"]) == ("Kim", "A pilot team.", keep)
    assert "says Keep" in line["overrules"]
    told = policy("history").output
    assert "by Kim" in told
    assert "against the evidence" in told


def test_more_needs_no_new_evidence_where_the_old_says_switch(here: Path) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))

    published("triage", "--share", "0.25")

    rule = in_force()["types"]["triage"]
    assert (rule["share"], rule["before"]) == (0.25, 0.05)
    assert "triage: share 5 % -> 25 %" in policy("diff").output


def test_back_is_always_possible(here: Path) -> None:
    keep = run(here, Word.KEEP)
    published("triage", "--share", "1", "--from-run", keep, "--by", "Kim", "--reason", "x")

    published("triage", "--share", "0")

    assert in_force()["types"]["triage"]["share"] == 0


def test_a_candidate_stands_in_only_once_its_rollout_is_over(here: Path) -> None:
    published("triage", "--from-run", run(here), "--share", "1")

    early = policy("set", "triage", "--stand-in")
    published("triage", "--done", "--stand-in")

    assert early.exit_code == 1
    assert "only once its rollout is done" in early.output
    rule = in_force()["types"]["triage"]
    assert (rule["done"], rule["stand_in"]) == (True, True)
    published("triage", "--no-stand-in")
    assert in_force()["types"]["triage"]["stand_in"] is False


def test_another_candidate_begins_anew_and_needs_its_own_evidence(here: Path) -> None:
    published("triage", "--share", "0.5", "--from-run", run(here))

    refused = policy("set", "triage", "--to", "claude-sonnet-5-5", "--share", "0.05")
    assert "nothing is known of claude-sonnet-5-5" in refused.output
    published("triage", "--to", "claude-sonnet-5-5", "--shadow", "5%")

    rule = in_force()["types"]["triage"]
    assert (rule["share"], rule["shadow"], rule["basis"]) == (0.0, 0.05, None)


def test_a_shadow_needs_no_evidence_since_nobody_sees_it(here: Path) -> None:
    published(
        "triage", "--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5", "--shadow", "0.1"
    )

    assert in_force()["types"]["triage"]["shadow"] == 0.1


def test_a_run_without_that_type_or_candidate_names_what_it_has(here: Path) -> None:
    stored = run(here)

    other = policy(
        "set", "triage", "--to", "claude-sonnet-5-5", "--share", "1", "--from-run", stored
    )
    unknown = policy("set", "billing", "--share", "1", "--from-run", stored)

    assert "On this type it has: claude-haiku-5-5; say which with --to." in other.output
    assert "It has no such request type." in unknown.output
    assert (other.exit_code, unknown.exit_code) == (2, 2)


def test_what_must_not_be_in_force_is_not_published(here: Path) -> None:
    result = policy(
        "set", "t", "--baseline", "claude-opus-5-5", "--to", "claude-3-5-haiku-20241022"
    )

    assert result.exit_code == 1
    assert "SF108" in result.output
    assert "was retired on 2026-02-19" in result.output
    assert in_force()["version"] == 0


def test_what_changes_nothing_is_no_version(here: Path) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))

    result = policy("set", "triage", "--share", "0.05")

    assert result.exit_code == 2
    assert "is so already" in result.output


def test_requests_like_an_example_are_of_the_type(here: Path) -> None:
    example = here / "request.json"
    example.write_text(json.dumps({"model": "m", "system": "Sort.", "messages": []}))

    published("triage", "--from-run", run(here), "--like", str(example))

    assert list(in_force()["lookup"].values()) == ["triage"]


def test_an_earlier_version_comes_back_whole_with_a_name_and_a_reason(here: Path) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))
    published("triage", "--share", "1")
    old = ".suffice/policy.history/000001.json"

    assert policy("publish", old).exit_code == 2
    result = policy("publish", old, "--by", "Kim", "--reason", "Too fast.")

    assert result.exit_code == 0, result.output
    found = in_force()
    assert (found["version"], found["types"]["triage"]["share"]) == (3, 0.05)
    assert "share 100 % -> 5 %" in found["audit"][0]["action"]


def test_lint_ends_with_1_on_an_error_and_0_on_a_warning(here: Path) -> None:
    wrong, soon = here / "wrong.json", here / "soon.json"
    wrong.write_text('{"version": 1, "lookup": {"xyz": "gone"}}')
    soon.write_text('{"version": 1, "types": {"t": {"baseline": "some-local-model"}}}')

    assert policy("lint", str(wrong)).exit_code == 1
    result = policy("lint", str(soon))
    assert (result.exit_code, result.output[:7]) == (0, "warning")


def test_lint_tells_a_broken_policy_although_an_older_one_serves(here: Path) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))
    (here / ".suffice" / "policy.json").write_text("{ torn")

    result = policy("lint")

    assert result.exit_code == 1
    assert "cannot be read" in result.output
    assert "Version 1 serves" in result.output


def test_history_ends_with_1_where_a_version_was_tampered_with(here: Path) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))
    published("triage", "--share", "0.25")
    first = here / ".suffice" / "policy.history" / "000001.json"
    first.write_bytes(first.read_bytes().replace(b"0.05", b"0.5"))

    result = policy("history")

    assert result.exit_code == 1
    assert "PROBLEM" in result.output


@pytest.mark.parametrize(
    ("arguments", "schema"),
    [
        (["show"], "suffice.policy"),
        (["diff"], "suffice.policy_diff"),
        (["lint"], "suffice.policy_lint"),
        (["history"], "suffice.policy_history"),
    ],
)
def test_every_view_is_json_with_its_schema_too(
    here: Path, arguments: list[str], schema: str
) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))

    told = json.loads(policy(*arguments, "--format", "json").output)

    assert told["schema"] == schema
    assert "version" in told


def test_the_table_shows_where_each_type_goes_and_why(here: Path) -> None:
    published("triage", "--share", "0.05", "--from-run", run(here))

    told = " ".join(policy("show").output.split())

    assert "triage claude-opus-5-5 claude-haiku-5-5 5 % - Switch, 412" in told


@pytest.mark.parametrize("share", ["1.5", "-0.1", "nan", "much", "150%"])
def test_a_share_lies_between_nothing_and_everything(here: Path, share: str) -> None:
    result = policy("set", "triage", "--share", share, "--baseline", "claude-opus-5-5")

    assert result.exit_code == 2
    assert "is no share between 0 and 1" in result.output


def test_a_types_name_is_text_and_never_markup_or_a_control(here: Path) -> None:
    name = "[red]x[/red]\x1b[2J"
    published(name, "--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5", "--shadow", "0.1")

    for told in (policy("show").output, policy("history").output, policy("diff").output):
        assert "\x1b" not in told
        assert "[red]x" in told


def test_short_names_become_what_the_provider_takes(here: Path) -> None:
    signed = ("--by", "Ada", "--reason", "a trial")

    published("triage", "--baseline", "opus-5-5", "--to", "haiku-5-5", "--share", "5%", *signed)

    rule = in_force()["types"]["triage"]
    assert (rule["baseline"], rule["candidate"]) == ("claude-opus-5-5", "claude-haiku-5-5")


def test_a_short_name_somebody_wrote_into_the_file_is_an_error(here: Path) -> None:
    signed = ("--by", "Ada", "--reason", "a trial")
    published(
        *("triage", "--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5"),
        *("--share", "5%", *signed),
    )
    file = here / ".suffice" / "policy.json"
    file.write_text(file.read_text().replace('"claude-haiku-5-5"', '"haiku-5-5"'))

    result = policy("lint")

    assert (result.exit_code, "it is claude-haiku-5-5." in result.output) == (1, True)
