"""`suffice doctor`: each thing that may be wrong is found, named, and told what to do about."""

from __future__ import annotations

import fcntl
import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from typing_extensions import override

from suffice.cli import main
from suffice.cli.doctor_findings import Finding, Setup, State
from suffice.cli.doctor_local import (
    check_folder,
    check_machine,
    check_options,
    check_policy,
    check_prices,
    check_secrets,
)
from suffice.cli.doctor_remote import check_account, check_gateway, check_upstream
from suffice.gateway.keys import new_key, write_keys
from suffice.gateway.metrics import Metrics
from suffice.policy.rules import Policy, TypeRule

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENTINEL = "s3ntinel"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    tmp_path.chmod(0o700)
    return tmp_path


def the(findings: Any, check: str) -> Finding:
    """The worst that is said of one thing."""
    order = [State.FAILED, State.LOOK, State.FINE]
    found: list[Finding] = sorted(
        (each for each in findings if each.check == check), key=lambda f: order.index(f.state)
    )
    assert found, f"nothing is said of {check}"
    assert found[0].state is State.FINE or found[0].next_step or found[0].check == "clock"
    return found[0]


class Server:
    """An upstream or a gateway: says a status, a body and the time."""

    def __init__(self) -> None:
        self.date = datetime.now(UTC)
        self.pages: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._say()

        def do_GET(self) -> None:
            self._say()

        def _say(self) -> None:
            found.asked.append((self.command, self.path, dict(self.headers.items())))
            status, body = found.pages.get(self.path, (404, b""))
            self.send_response_only(status)
            self.send_header("date", format_datetime(found.date, usegmt=True))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        found.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield found
        listening.shutdown()
        thread.join()


def test_a_fresh_folder_is_fine_and_stays_untouched(own_folder: Path) -> None:
    told = CliRunner().invoke(main, ["doctor", "--offline", "--port", "1"])

    assert told.exit_code == 0
    assert "0 failed" in told.output
    assert list(own_folder.iterdir()) == []


def test_json_carries_schema_version_and_every_finding() -> None:
    told = CliRunner().invoke(main, ["doctor", "--offline", "--port", "1", "--format", "json"])
    document = json.loads(told.output)

    assert (document["schema"], document["version"]) == ("suffice.doctor", 1)
    assert {"settings", "python", "policy", "prices", "gateway"} <= {
        each["check"] for each in document["findings"]
    }


def test_a_failed_check_is_exit_code_1(own_folder: Path) -> None:
    (own_folder / "suffice.toml").write_text("[gateway]\nport = 70000\n")
    told = CliRunner().invoke(main, ["doctor", "--offline"])

    assert told.exit_code == 1
    assert "gateway.port is 70000" in told.output


def test_the_settings_file_is_what_is_looked_at_and_flags_win(own_folder: Path) -> None:
    (own_folder / "suffice.toml").write_text('[gateway]\nport = 1\npolicy = "mine.json"\n')
    (own_folder / "mine.json").write_text("{")

    told = CliRunner().invoke(main, ["doctor", "--offline"])
    assert told.exit_code == 1
    assert "mine.json" in told.output
    assert "is read" in told.output
    other = CliRunner().invoke(main, ["doctor", "--offline", "--policy", "none.json"])
    assert other.exit_code == 0


def test_more_clients_than_files_are_to_be_looked_at() -> None:
    assert the(check_machine(Setup(connections=10**9)), "open files").state is State.LOOK
    assert the(check_machine(Setup(connections=1)), "open files").state is State.FINE
    assert the(check_machine(Setup()), "python").state is State.FINE


def test_a_folder_others_can_read_is_told(own_folder: Path) -> None:
    data = own_folder / "data"
    data.mkdir(mode=0o755)
    assert the(check_folder(Setup(data=data)), "data folder").state is State.LOOK
    data.chmod(0o700)
    assert the(check_folder(Setup(data=data)), "data folder").state is State.FINE
    (own_folder / "file").write_text("")
    assert the(check_folder(Setup(data=own_folder / "file")), "data folder").state is State.FAILED


def test_a_policy_that_is_none_fails_and_what_lint_says_is_told(own_folder: Path) -> None:
    path = own_folder / "policy.json"
    path.write_text("{ no policy")
    assert the(check_policy(Setup(policy=path), now=NOW), "policy").state is State.FAILED
    rule = {"baseline": "claude-opus-5-5", "candidate": "claude-haiku-5-5", "share": 0.5}
    path.write_text(json.dumps({"version": 1, "types": {"t": rule}}))
    found = list(check_policy(Setup(policy=path), now=NOW))
    assert the(found, "policy").state is not State.FINE
    assert "without evidence" in " ".join(each.says for each in found)


@pytest.mark.parametrize(
    ("size", "mode", "state"),
    [(32, 0o600, State.FINE), (31, 0o600, State.FAILED), (32, 0o644, State.FAILED)],
)
def test_the_assignment_key_is_whole_and_secret(
    own_folder: Path, size: int, mode: int, state: State
) -> None:
    key = own_folder / "policy.key"
    key.write_bytes(bytes(size))
    key.chmod(mode)
    found = check_policy(Setup(policy=own_folder / "policy.json"), now=NOW)

    assert the(found, "assignment key").state is state


@pytest.mark.parametrize(
    ("days", "state"), [(0, State.FINE), (60, State.LOOK), (400, State.FAILED)]
)
def test_prices_grow_old(days: int, state: State) -> None:
    today = NOW.date() + timedelta(days=days)

    assert the(check_prices(Setup(), today=today), "prices").state is state


def test_prices_of_ones_own_that_are_none_fail(own_folder: Path) -> None:
    path = own_folder / "prices.toml"
    path.write_text("not = toml = at all")

    assert the(check_prices(Setup(prices=path), today=NOW.date()), "prices").state is State.FAILED


def test_keys_that_are_over_or_missing_are_told(own_folder: Path) -> None:
    path = own_folder / "keys.json"
    over = new_key("old", expires=NOW - timedelta(days=1))[1]
    soon = new_key("soon", expires=NOW + timedelta(days=3))[1]
    write_keys(path, (over, soon))
    found = list(check_options(Setup(host="0.0.0.0", keys=path), {}, now=NOW))
    said = [each.says for each in found if each.check == "gateway keys"]
    assert said == ["Over: old.", "Over within two weeks: soon."]
    assert the(found, "provider's key").state is State.LOOK
    path.chmod(0o644)
    assert the(check_options(Setup(keys=path), {}, now=NOW), "gateway keys").state is State.FAILED
    none = check_options(Setup(host="0.0.0.0"), {}, now=NOW)
    assert the(none, "gateway keys").state is State.FAILED


def test_a_key_of_its_own_is_told_and_not_shown(own_folder: Path) -> None:
    keys = {"SUFFICE_OWN_KEY": "sk-own-0123456789"}
    found = the(check_options(Setup(), keys, now=NOW), "own key")
    assert found.state is State.FINE
    assert "sk-own" not in found.says
    broken = the(check_options(Setup(), {"SUFFICE_OWN_KEY": "sk\n1"}, now=NOW), "own key")
    assert broken.state is State.FAILED
    assert "SUFFICE_OWN_KEY" in broken.next_step
    assert "own key" not in {each.check for each in check_options(Setup(), {}, now=NOW)}


def test_batches_that_nothing_pays_for_are_told(own_folder: Path) -> None:
    rule = TypeRule(baseline="a", candidate="b", shadow=0.05, shadow_batched=True)
    path = own_folder / "policy.json"
    path.write_bytes(msgspec.json.encode(Policy(version=1, types={"triage": rule})))
    setup = Setup(policy=path, data=own_folder / "data")

    unpaid = the(check_options(setup, {}, now=NOW), "own key")
    figures = Metrics(setup.data / "metrics")
    figures.set("suffice_own_key", 1.0)
    figures.save()
    paid = the(check_options(setup, {}, now=NOW), "own key")

    assert unpaid.state is State.LOOK
    assert "triage" in unpaid.says
    assert "SUFFICE_OWN_KEY" in unpaid.next_step
    assert paid.state is State.FINE


EVERY, USD = {"SUFFICE_HELD_OUT_EVERY": "7d"}, {"SUFFICE_HELD_OUT_USD": "2"}
OWN = {"SUFFICE_OWN_KEY": "sk-own-0123456789"}


@pytest.mark.parametrize(
    ("environ", "state", "says", "next_step"),
    [
        (EVERY | USD, State.LOOK, "nothing pays", "SUFFICE_OWN_KEY"),
        (EVERY | OWN, State.FAILED, "SUFFICE_HELD_OUT_USD is not", "SUFFICE_HELD_OUT_USD"),
        (EVERY, State.FAILED, "SUFFICE_HELD_OUT_USD is not", "SUFFICE_HELD_OUT_USD"),
        (USD | OWN, State.FAILED, "SUFFICE_HELD_OUT_EVERY is not", "SUFFICE_HELD_OUT_EVERY"),
        (USD | OWN | {"SUFFICE_HELD_OUT_EVERY": "weekly"}, State.FAILED, "weekly", "7d"),
        (EVERY | OWN | {"SUFFICE_HELD_OUT_USD": "two"}, State.FAILED, "two", ""),
        (
            EVERY | USD | OWN,
            State.FINE,
            "every 7d (SUFFICE_HELD_OUT_EVERY), for at most $2 (SUFFICE_HELD_OUT_USD)",
            "",
        ),
    ],
)
def test_a_schedule_of_held_out_cases_is_whole_and_paid(
    own_folder: Path, environ: dict[str, str], state: State, says: str, next_step: str
) -> None:
    found = the(check_options(Setup(data=own_folder), environ, now=NOW), "held-out schedule")

    assert found.state is state
    assert says in found.says
    assert next_step in found.next_step
    assert "sk-own" not in found.says + found.next_step


def test_where_each_value_of_a_schedule_comes_from_is_said(own_folder: Path) -> None:
    (own_folder / "suffice.toml").write_text('[held_out]\nevery = "7d"\nusd = 2.5\n')
    both = {"SUFFICE_HELD_OUT_USD": "4", "SUFFICE_OWN_KEY": "sk-own-0123456789"}

    result = CliRunner(env=both).invoke(main, ["doctor", "--offline", "--format", "json"])

    [found] = [
        one for one in json.loads(result.stdout)["findings"] if one["check"] == "held-out schedule"
    ]
    assert found["state"] == "fine"
    assert found["says"] == (
        "every 7d (held_out.every in suffice.toml), for at most $4 (SUFFICE_HELD_OUT_USD) in that "
        "time"
    )


def test_half_a_schedule_in_the_settings_file_is_no_schedule(own_folder: Path) -> None:
    setup = Setup(data=own_folder, settings_file=Path("suffice.toml"), held_out_every="7d")

    found = the(check_options(setup, OWN, now=NOW), "held-out schedule")

    assert found.state is State.FAILED
    assert "held_out.every in suffice.toml is set" in found.says
    assert "held_out.usd" in found.next_step


def test_a_schedule_is_paid_by_the_running_gateways_key_and_none_needs_none(
    own_folder: Path,
) -> None:
    figures = Metrics(own_folder / "metrics")
    figures.set("suffice_own_key", 1.0)
    figures.save()
    setup = Setup(data=own_folder)

    kept = check_options(setup, EVERY | USD, now=NOW)
    none = check_options(setup, {"SUFFICE_HELD_OUT_EVERY": ""}, now=NOW)

    assert the(kept, "held-out schedule").state is State.FINE
    assert "held-out schedule" not in {each.check for each in none}


def test_budgets_and_certificates_are_read_as_the_gateway_would(own_folder: Path) -> None:
    budgets, cert = own_folder / "budgets.json", own_folder / "cert.pem"
    budgets.write_text('[{"name": "team", "usd": "5"}]')
    cert.write_text("no certificate")
    cert.chmod(0o600)
    setup = Setup(budgets=budgets, capture="off", tls_cert=cert, upstream_ca=cert)
    found = list(check_options(setup, {}, now=NOW))

    assert {each.check: each.state for each in found} == {
        "budgets": State.FAILED,
        "tls": State.FAILED,
        "authority": State.FAILED,
        "way out": State.FINE,
    }


def test_a_proxy_is_named_without_its_credential() -> None:
    environ = {"HTTPS_PROXY": f"http://user:{SENTINEL}@proxy.example:3128"}
    found = the(check_options(Setup(), environ, now=NOW), "way out")

    assert found.says.endswith("by http://proxy.example:3128")
    broken = {"HTTPS_PROXY": f"socks5://user:{SENTINEL}@proxy.example"}
    failed = the(check_options(Setup(), broken, now=NOW), "way out")
    assert failed.state is State.FAILED
    assert SENTINEL not in failed.says


def test_a_secret_file_others_can_read_fails(own_folder: Path) -> None:
    secret = own_folder / "fingerprint.secret"
    secret.write_bytes(b"x")
    secret.chmod(0o640)
    setup = Setup(data=own_folder)
    assert the(check_secrets(setup), "secret files").state is State.FAILED
    secret.chmod(0o600)
    assert the(check_secrets(setup), "secret files").state is State.FINE


def test_the_upstream_is_asked_for_nothing_and_told_no_credential(server: Server) -> None:
    environ = {"ANTHROPIC_API_KEY": SENTINEL}
    found = list(check_upstream(Setup(upstream=server.url), environ, now=datetime.now(UTC)))

    assert [each.state for each in found] == [State.FINE, State.FINE]
    ((method, path, headers),) = server.asked
    assert (method, path) == ("HEAD", "/")
    assert SENTINEL not in str(headers)


def test_a_clock_that_is_wrong_fails(server: Server) -> None:
    server.date -= timedelta(minutes=5)
    found = check_upstream(Setup(upstream=server.url), {}, now=datetime.now(UTC))

    clock = the(found, "clock")
    assert clock.state is State.FAILED
    assert "s fast" in clock.says


def test_an_upstream_that_is_away_fails_with_the_reason() -> None:
    found = the(check_upstream(Setup(upstream="http://127.0.0.1:9"), {}, now=NOW), "upstream")

    assert found.state is State.FAILED
    assert "refused" in found.says


@pytest.mark.parametrize(
    ("health", "ready", "running", "state"),
    [
        ((200, b'{"status":"ok"}'), (200, b"{}"), True, State.FINE),
        ((200, b'{"status":"ok"}'), (503, b"{}"), True, State.LOOK),
        ((200, b"hello"), (200, b"{}"), False, State.FAILED),
        ((404, b""), (404, b""), False, State.FAILED),
    ],
)
def test_a_gateway_is_told_from_whatever_else_listens(
    server: Server, health: Any, ready: Any, running: bool, state: State
) -> None:
    server.pages = {"/healthz": health, "/readyz": ready}
    lives, (found,) = check_gateway(Setup(port=server.port))

    assert (lives, found.state) == (running, state)


def test_without_a_gateway_that_is_said_and_is_no_failure() -> None:
    assert check_gateway(Setup(port=1))[1][0].state is State.LOOK


def test_a_gateway_without_its_account_fails(own_folder: Path) -> None:
    setup = Setup(data=own_folder)
    alone = the(check_account(setup, running=True, now=NOW), "account")
    assert alone.state is State.FAILED
    with (own_folder / "account.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert the(check_account(setup, running=True, now=NOW), "account").state is State.FINE
    (own_folder / "account.sqlite").write_bytes(b"this is no database, " * 100)
    broken = the(check_account(setup, running=False, now=NOW), "account")
    assert broken.state is State.FAILED
    assert (
        the(check_account(Setup(capture="off"), running=True, now=NOW), "account").state
        is State.LOOK
    )


@pytest.mark.parametrize(
    ("size", "state"), [(1 << 20, State.FINE), (100 << 20, State.LOOK), (600 << 20, State.FAILED)]
)
def test_a_backlog_grows_from_fine_to_failed(own_folder: Path, size: int, state: State) -> None:
    spool = own_folder / "spool"
    spool.mkdir()
    with (spool / "w.000000.spool").open("wb") as file:
        file.truncate(size)

    assert the(check_account(Setup(data=own_folder), running=True, now=NOW), "spool").state is state
