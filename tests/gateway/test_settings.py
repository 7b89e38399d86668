"""`[gateway]` of suffice.toml, variables and flags, as far as they start or refuse a gateway."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.cli.defaults import defaults_of
from suffice.cli.gateway_reading import (
    read_body_shares,
    read_budgets,
    read_endpoint,
    read_limits,
    refuse_forgetful_budgets,
)
from suffice.errors import BadOption, BadSettings, SecretInFile, UnreadableFile
from suffice.gateway.budgets import Budget
from suffice.gateway.limits import Limits
from suffice.gateway.spool import Capture
from suffice.settings import GatewaySettings, read_settings, settings_from

EVERYTHING = """
[gateway]
host = "127.0.0.2"
port = 4799
upstream = "https://api.example"
data = "kept"
policy = "policy.json"
rollouts = "rollouts.sqlite"
monitor = false
workers = 2
capture = "bodies"
bodies = { triage = 0.25, "*" = 0 }
budgets = "budgets.json"
keys = "keys.json"
tls_cert = "cert.pem"
tls_key = "key.pem"
client_ca = "ca.pem"
upstream_ca = "up.pem"
proxy = "http://proxy.example:3128"
otlp = "http://127.0.0.1:4318"
public_url = "https://llm.example"
drain_s = 20
allow_plain_upstream = true
limits = { connections = 100, head_s = 2.5 }
"""


def run(folder: Path, *args: str, **environ: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return CliRunner(env=environ).invoke(main, ["gateway", *args])


def test_every_setting_of_the_gateway_reaches_its_option(tmp_path: Path) -> None:
    (tmp_path / "suffice.toml").write_text(EVERYTHING)

    found = defaults_of(read_settings(tmp_path, {}), "gateway", given=[])

    assert found["data"] == tmp_path / "kept"
    assert (found["rollouts"], found["monitor"]) == (tmp_path / "rollouts.sqlite", False)
    assert found["bodies"] == ("triage=0.25", "*=0.0")
    assert found["limit"] == ("connections=100", "head_s=2.5")
    assert found["status"] == {"data": tmp_path / "kept", "budgets": tmp_path / "budgets.json"}
    assert found["key"] == {"keys": tmp_path / "keys.json"}
    named = {field.name for field in msgspec.structs.fields(GatewaySettings)}
    renamed = {"drain_s": "drain", "limits": "limit"}
    assert {renamed.get(name, name) for name in named} <= set(found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("port = 70000", "gateway.port"),
        ("workers = 0", "gateway.workers"),
        ("drain_s = -1", "gateway.drain_s"),
        ('capture = "everything"', "gateway.capture"),
        ("bodies = { t = 2 }", "gateway.bodies.t"),
        ("limits = { head_s = 0 }", "gateway.limits.head_s"),
        ("prot = 1", "gateway.port"),
        ('port = "many"', "gateway.port"),
    ],
)
def test_a_bad_value_is_named_with_its_code(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "suffice.toml").write_text(f"[gateway]\n{line}\n")

    told = run(tmp_path)

    assert told.exit_code == 2
    assert told.output.startswith("SF006")
    assert said in told.output


def test_a_bound_nobody_knows_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "suffice.toml").write_text("[gateway]\nlimits = { connection = 5 }\n")

    told = run(tmp_path)

    assert "SF005" in told.output
    assert "Did you mean connections?" in told.output


def test_a_proxys_credential_in_the_file_is_refused_and_not_echoed() -> None:
    with pytest.raises(SecretInFile) as refused:
        settings_from([{"gateway": {"proxy": "http://me:hunter2@proxy:3128"}}], {})

    assert "hunter2" not in str(refused.value)


def test_flags_win_over_variables_over_the_file(tmp_path: Path) -> None:
    """
    The upstream that is refused is the one that was chosen.
    """
    (tmp_path / "suffice.toml").write_text('[gateway]\nupstream = "http://of.file"\n')

    assert "of.file" in run(tmp_path).output
    assert "of.variable" in run(tmp_path, SUFFICE_UPSTREAM="http://of.variable").output
    told = run(tmp_path, "--upstream", "http://of.flag", SUFFICE_UPSTREAM="http://of.variable")
    assert "of.flag" in told.output


def test_hard_budgets_need_an_account() -> None:
    hard = Budget(name="team", usd=Decimal(5))
    soft = Budget(name="team", usd=Decimal(5), hard=False)

    assert refuse_forgetful_budgets((soft,), capture=Capture.OFF) == (soft,)
    assert refuse_forgetful_budgets((hard,), capture=Capture.META) == (hard,)
    with pytest.raises(BadOption, match="team"):
        refuse_forgetful_budgets((hard,), capture=Capture.OFF)


def test_budgets_are_checked_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "budgets.json"
    path.write_text(json.dumps([{"name": "a", "usd": "0"}]))
    with pytest.raises(BadOption):
        read_budgets(path)
    path.write_text("{")
    with pytest.raises(UnreadableFile):
        read_budgets(path)
    with pytest.raises(UnreadableFile):
        read_budgets(tmp_path / "none.json")


@pytest.mark.parametrize("said", ["triage", "=1", "triage=2", "triage=nan", "triage=x"])
def test_what_is_no_share_of_a_type_is_refused(said: str) -> None:
    with pytest.raises(BadOption):
        read_body_shares([said], capture=Capture.BODIES)


def test_shares_of_bodies_need_bodies() -> None:
    with pytest.raises(BadOption):
        read_body_shares(["t=1"], capture=Capture.META)


def test_bounds_are_read_by_name() -> None:
    assert read_limits([]) == Limits()
    assert read_limits(["messages_bytes=1000"]).messages_bytes == 1000
    for wrong in ("head_s=-1", "connections=1.5", "headers=", "head_s=inf"):
        with pytest.raises(BadOption):
            read_limits([wrong])


@pytest.mark.parametrize(
    "url",
    ["collector:4318", "http://collector:4318", "https://u:p@collector", "ftp://127.0.0.1"],
)
def test_spans_leave_encrypted_or_not_at_all(url: str) -> None:
    with pytest.raises(BadOption) as refused:
        read_endpoint(url, capture=Capture.META)

    assert "u:p" not in str(refused.value)


def test_spans_are_made_of_captured_records() -> None:
    assert read_endpoint("http://127.0.0.1:4318", capture=Capture.META)
    with pytest.raises(BadOption):
        read_endpoint("http://127.0.0.1:4318", capture=Capture.OFF)


def test_settings_of_the_gateway_have_no_room_for_a_key() -> None:
    with pytest.raises((BadSettings, SecretInFile)):
        settings_from([{"gateway": {"api_key": "x"}}], {})
