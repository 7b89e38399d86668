"""Which prompt is live is seen beside requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suffice.adapters.live_prompts import live_prompts
from suffice.gateway.prompts import Prompts
from suffice.policy.fingerprint import prompt_version
from suffice.policy.routing import OTHER_MODEL, Route
from suffice.policy.view import RequestView, view_request

OLD, NEW = ("Sort the ticket.", "Sort the ticket. Be brief.")


def view(system: str) -> RequestView:
    body = {"model": "m", "max_tokens": 9, "messages": [], "system": system}
    found = view_request({}, json.dumps(body).encode())
    assert found is not None
    return found


class Seeing:
    """A worker that sees requests a second apart."""

    def __init__(self, folder: Path, worker: str = "0") -> None:
        self.at = 1_000.0
        self.prompts = Prompts(folder, worker=worker, now=lambda: self.at)

    def see(
        self,
        *systems: str,
        type: str = "triage",  # noqa: A002
        apart_s: float = 1.0,
        caller: str = "a",
    ) -> None:
        route = Route(model="m", requested="m", type=type, reason="")
        for system in systems:
            self.at += apart_s
            self.prompts.note(route, view(system), caller=caller)
        self.prompts.save()


@pytest.fixture
def seeing(tmp_path: Path) -> Seeing:
    return Seeing(tmp_path)


def version(system: str) -> str:
    return prompt_version({"system": system})


def test_the_live_prompt_is_what_more_than_half_of_the_latest_requests_came_with(
    seeing: Seeing, tmp_path: Path
) -> None:
    seeing.see(*[OLD] * 9)
    assert live_prompts(tmp_path) == {}
    seeing.see(OLD)
    assert live_prompts(tmp_path) == {"triage": version(OLD)}
    seeing.see(*[NEW] * 9)
    assert live_prompts(tmp_path) == {"triage": version(OLD)}
    seeing.see(NEW, NEW)
    assert live_prompts(tmp_path) == {"triage": version(NEW)}


def test_a_prompt_is_steady_where_all_of_the_latest_requests_came_with_it(
    seeing: Seeing, tmp_path: Path
) -> None:
    seeing.see(*[OLD] * 19, NEW)
    assert live_prompts(tmp_path, steady=True) == {}
    seeing.see(*[NEW] * 19)
    assert live_prompts(tmp_path, steady=True) == {"triage": version(NEW)}


def test_a_type_whose_prompts_all_differ_has_no_version(seeing: Seeing, tmp_path: Path) -> None:
    seeing.see(*[f"It is {minute} past nine. Sort." for minute in range(15)])
    seeing.see(*[f"It is {minute} past ten. Sort." for minute in range(15)])
    assert live_prompts(tmp_path) == {}


def test_what_several_workers_saw_counts_together(tmp_path: Path) -> None:
    for worker in ("0", "1"):
        Seeing(tmp_path, worker).see(*[OLD] * 6)
    assert live_prompts(tmp_path) == {"triage": version(OLD)}


def test_a_busy_type_is_looked_at_a_few_times_a_second(seeing: Seeing, tmp_path: Path) -> None:
    seeing.see(*[OLD] * 500, apart_s=0.001)
    [file] = tmp_path.iterdir()
    assert len(json.loads(file.read_text())["types"]["triage"]) in {5, 6}


def test_no_text_is_kept_and_a_secret_in_a_prompt_makes_no_other_version(
    seeing: Seeing, tmp_path: Path
) -> None:
    seeing.see(*["Write to bob@example.org."] * 10)
    [file] = tmp_path.iterdir()
    assert "bob" not in file.read_text()
    assert live_prompts(tmp_path) == {"triage": version("Write to [email].")}


def test_who_asks_for_another_model_than_the_rule_is_no_part_of_it(
    seeing: Seeing, tmp_path: Path
) -> None:
    seeing.see(*[OLD] * 12)
    other = Route(model="x", requested="x", type="triage", reason=f"{OTHER_MODEL}m")
    for _ in range(20):
        seeing.at += 1
        seeing.prompts.note(other, view(NEW), caller="a")
    seeing.prompts.save()
    assert live_prompts(tmp_path) == {"triage": version(OLD)}


def test_whoever_names_types_without_end_keeps_nobody_elses_from_being_seen(
    seeing: Seeing, tmp_path: Path
) -> None:
    for number in range(60):
        seeing.see(OLD, type=f"made-up-{number}", caller="flooding")
    seeing.see(*[NEW] * 12, caller="b")
    for number in range(60):
        seeing.see(OLD, type=f"made-up-again-{number}", caller="flooding")
    seeing.see(NEW, caller="b")

    assert live_prompts(tmp_path) == {"triage": version(NEW)}
    assert len(json.loads((tmp_path / "0.json").read_text())["types"]) == 50


def test_whoever_sends_another_prompt_each_time_leaves_room_for_others(
    seeing: Seeing, tmp_path: Path
) -> None:
    flood = Route(model="m", requested="m", type="made-up", reason="")
    for number in range(200):
        seeing.at += 1
        seeing.prompts.note(flood, view(f"{number}"), caller="flooding")
    seeing.see(*[OLD] * 12, caller="b")

    assert live_prompts(tmp_path) == {"triage": version(OLD)}


def test_a_full_disk_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file where the folder should be")
    Seeing(tmp_path / "prompts").see(OLD)


@pytest.mark.parametrize("system", [b'"\xff"', b'{"\xff":1}'])
def test_a_prompt_that_cannot_be_read_is_none(tmp_path: Path, system: bytes) -> None:
    """
    Whatever an upstream takes: the request is answered, and accounted for after this.
    """
    prompts = Prompts(tmp_path)
    body = b'{"model":"m","max_tokens":9,"messages":[],"system":' + system + b"}"
    found = view_request({}, body)
    assert found is not None

    prompts.note(Route(model="m", requested="m", type="triage", reason=""), found, caller="a")
    prompts.save()

    assert live_prompts(tmp_path) == {}
