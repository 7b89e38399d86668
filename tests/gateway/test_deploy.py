"""The service unit and the image's recipe: what can be held without an engine is held here."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from suffice.cli import main
from suffice.cli.gateway import command
from suffice.cli.monitor_held_out import read_schedule
from suffice.settings import OWN_KEY, VARIABLES

REPOSITORY = Path(__file__).parents[2]
UNIT = REPOSITORY / "deploy" / "suffice-gateway.service"
_NARROWING = (
    *("Protect", "Private", "Restrict", "NoNew", "Capability", "SystemCall", "UMask"),
    "LimitCORE",
)
RECIPE = REPOSITORY / "deploy" / "Containerfile"


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        name, said, value = line.partition("=")
        if said and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def recipe() -> list[str]:
    """Its instructions, continued lines joined."""
    joined = RECIPE.read_text().replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize(
    "names", [(UNIT.name,), ("suffice-held-out.service", "suffice-held-out.timer")]
)
def test_the_service_managers_own_check_finds_nothing(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """
    Only the program's path is another: it is not installed here.
    """
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT TESTED: the unit, since there is no systemd-analyze")
    for name in names:
        text = (UNIT.parent / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/suffice/bin/suffice", sys.executable))
    told = subprocess.run(
        ["systemd-analyze", "verify", *(tmp_path / name for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (told.returncode, told.stderr) == (0, "")


def test_the_service_has_no_user_no_privilege_and_comes_back() -> None:
    found = unit()
    wanted = {
        *("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"),
        *("RestrictSUIDSGID", "MemoryDenyWriteExecute", "LockPersonality"),
    }
    assert [name for name in wanted if found.get(name) != ["yes"]] == []
    assert found["ProtectSystem"] == ["strict"]
    assert found["CapabilityBoundingSet"] == [""]
    assert found["LimitCORE"] == ["0"]
    assert (found["Restart"], found["KillMode"]) == (["always"], ["mixed"])


def test_held_out_cases_are_asked_by_a_unit_as_narrow_as_the_gateway_s() -> None:
    """
    It has the gateway's user and folder, calls by itself, and a sum it cannot exceed.
    """
    text = (UNIT.parent / "suffice-held-out.service").read_text()
    narrow = {line for line in UNIT.read_text().splitlines() if line.startswith(_NARROWING)}

    assert narrow <= set(text.splitlines())
    [started] = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(started.partition("suffice ")[2])
    assert words[:2] == ["monitor", "--once"]
    assert read_schedule(words[3], Decimal(words[5])) is not None
    assert f"User={UNIT.stem}" in text
    assert "SUFFICE_OWN_KEY=" not in text


def test_the_service_waits_longer_than_a_drain() -> None:
    drain = next(option for option in command.params if option.name == "drain")

    assert int(unit()["TimeoutStopSec"][0]) >= float(str(drain.default)) + 20


@pytest.mark.parametrize("words", ["gateway", "gateway probe"])
def test_what_service_and_image_run_is_a_command(words: str) -> None:
    started = [line.partition("suffice ")[2] for line in unit()["ExecStart"]]
    started += [
        " ".join(re.findall(r'"([^"]+)"', line)).removeprefix("suffice ")
        for line in recipe()
        if "CMD" in line
    ]

    assert words in started
    assert CliRunner().invoke(main, [*shlex.split(words), "--help"]).exit_code == 0


def test_every_variable_the_two_set_is_one_the_gateway_reads() -> None:
    """
    Or one that the monitor beside it reads as a setting, or the key of its own.
    """
    said = [option.envvar or () for option in command.params]
    read = {name for names in said for name in ([names] if isinstance(names, str) else names)}
    text = UNIT.read_text() + RECIPE.read_text()

    assert set(re.findall(r"\bSUFFICE_[A-Z_]+", text)) <= read | set(VARIABLES) | {OWN_KEY}


def test_the_image_is_nobodys_locked_and_copies_what_there_is() -> None:
    lines = recipe()
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    copied = [
        line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line
    ]
    installs = [line for line in lines if "pip install" in line and "requirements" in line]

    assert users == ["10001:10001"]
    assert [path for paths in copied for path in paths if not (REPOSITORY / path).exists()] == []
    assert installs
    assert [line for line in installs if "--require-hashes" not in line] == []
    assert {line for line in lines if line.startswith("FROM")} == {
        "FROM ${PYTHON_IMAGE} AS built",
        "FROM ${PYTHON_IMAGE}",
    }


def test_a_probe_tells_a_gateway_that_takes_requests(gateway: Any, upstream: Any) -> None:
    probe = ["gateway", "probe", "--port"]

    assert CliRunner().invoke(main, [*probe, str(gateway.port)]).exit_code == 0
    gateway.call(lambda: setattr(gateway.house, "draining", True))
    assert CliRunner().invoke(main, [*probe, str(gateway.port)]).exit_code == 1
    assert CliRunner().invoke(main, [*probe, "1"]).exit_code == 1


def test_credentials_handed_over_to_a_group_are_taken_and_to_strangers_are_not(
    tmp_path: Path,
) -> None:
    """
    Service managers hand files over with a right for the group; nobody else may read or write.
    """
    from suffice.errors import GatewayNotStarted
    from suffice.gateway.keys import new_key, read_keys, write_keys

    path = tmp_path / "keys.json"
    write_keys(path, (new_key("a")[1],))
    for mode in (0o400, 0o440, 0o600):
        path.chmod(mode)
        assert read_keys(path)
    for mode in (0o644, 0o660, 0o604):
        path.chmod(mode)
        with pytest.raises(GatewayNotStarted):
            read_keys(path)
