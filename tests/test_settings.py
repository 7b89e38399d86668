"""Settings: which source wins, what is refused, and that no credential is read or echoed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from suffice.errors import BadSettings, SecretInFile, UnreadableFile
from suffice.settings import VARIABLES, Settings, known_keys, read_settings, settings_from


def test_without_any_source_every_setting_is_the_commands_own_default() -> None:
    assert settings_from([], {}) == Settings()


def test_flags_win_over_variables_over_tables_key_by_key() -> None:
    near = {"limits": {"margin": 3, "alpha": 0.04}}
    far = {"limits": {"margin": 5, "alpha": 0.03}, "judge": "far"}

    found = settings_from([near, far], {"SUFFICE_ALPHA": "0.02"}, flags={"limits": {"margin": 1.0}})

    assert (found.limits.margin, found.limits.alpha, found.judge) == (1.0, 0.02, "far")


def test_every_variable_sets_its_setting() -> None:
    texts = {"SUFFICE_FLOOR": "0.8", "SUFFICE_TARGET": "0.9", "SUFFICE_ALPHA": "0.01"}
    texts |= {"SUFFICE_BUDGET": "2.50", "SUFFICE_PRICES": "p.toml", "SUFFICE_RUNS": "kept"}
    texts |= {"SUFFICE_BASE_URL": "http://127.0.0.1:1", "SUFFICE_API_VERSION": "2023-06-01"}
    texts |= {"SUFFICE_JUDGE": "claude-sonnet-5-5", "SUFFICE_DATA": "logs"}

    found = settings_from([], texts)

    assert set(texts) | {"SUFFICE_MARGIN"} == set(VARIABLES)
    assert found.budget.per_run_usd == Decimal("2.50")
    assert (found.limits.floor, found.limits.target, found.limits.alpha) == (0.8, 0.9, 0.01)
    assert (found.prices_file, found.runs) == (Path("p.toml"), Path("kept"))
    assert found.data == Path("logs")
    assert (found.base_url, found.api_version) == ("http://127.0.0.1:1", "2023-06-01")
    assert found.judge == "claude-sonnet-5-5"


def test_every_variable_stands_for_a_known_setting() -> None:
    assert {".".join(path) for path in VARIABLES.values()} <= set(known_keys())


def test_a_variable_without_meaning_is_left_alone() -> None:
    assert settings_from([], {"SUFFICE_TEST_DATA": "/x", "HOME": "/y"}) == Settings()


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"jugde": "m"}, "'jugde'"),
        ({"limits": {"marign": 3}}, "limits.margin"),
        ({"budget": {"per_run": 3}}, "budget.per_run_usd"),
        ({"limits": 3}, "limits"),
        ({"types": {"t": {}}}, "'types'"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    table: dict[str, Any], named: str
) -> None:
    with pytest.raises(BadSettings) as told:
        settings_from([table], {})

    assert named in str(told.value)


@pytest.mark.parametrize(
    "limits",
    [
        {"floor": 0},
        {"floor": 1},
        {"floor": 0.9, "target": 0.9},
        {"margin": 0},
        {"margin": 100},
        {"alpha": 0.5},
        {"alpha": float("nan")},
        {"margin": "three"},
        {"margin": 3, "floor": 0.9},
    ],
)
def test_a_limit_outside_its_range_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(BadSettings):
        settings_from([{"limits": limits}], {})


@pytest.mark.parametrize("budget", ["0", "-1", "NaN", "Infinity", "much"])
def test_a_budget_that_is_no_amount_is_refused(budget: str) -> None:
    with pytest.raises(BadSettings):
        settings_from([], {"SUFFICE_BUDGET": budget})


@pytest.mark.parametrize(
    "table",
    [
        {"api_key": "hunter2-hunter2"},
        {"anthropic_api_key": "hunter2-hunter2"},
        {"prices": {"m": {"auth-token": "hunter2-hunter2"}}},
        {"judge": "sk-ant-hunter2-hunter2"},
        {"base_url": "http://sk-ant-hunter2-hunter2@host"},
        {"tiers": {"x": ["sk-ant-hunter2-hunter2"]}},
        {"sk-ant-hunter2-hunter2": {"password": "x"}},
    ],
)
def test_a_credential_in_a_file_is_refused_and_never_echoed(table: dict[str, Any]) -> None:
    with pytest.raises(SecretInFile) as told:
        settings_from([table], {})

    assert "hunter2" not in str(told.value)


def test_a_key_among_unknown_keys_is_a_credential_first() -> None:
    """An unknown key's error names the key; a credential's must not name its value."""
    with pytest.raises(SecretInFile):
        settings_from([{"oops": 1, "secret": "hunter2"}], {})


def test_suffice_toml_wins_over_the_project_file_and_paths_start_at_the_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "suffice.toml").write_text('runs = "kept"\n', "utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.suffice]\nruns = "other"\n', "utf-8")

    assert read_settings(tmp_path, {}).runs == tmp_path / "kept"


def test_the_project_file_alone_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.suffice.limits]\nmargin = 2\n", "utf-8")

    assert read_settings(tmp_path, {}).limits.margin == 2


def test_a_folder_without_settings_has_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")

    assert read_settings(tmp_path, {}) == Settings()


@pytest.mark.parametrize("content", [b"limits = [", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_a_coded_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "suffice.toml").write_bytes(content)

    with pytest.raises(UnreadableFile):
        read_settings(tmp_path, {})


@pytest.mark.parametrize(
    "held_out", [{"every": "weekly"}, {"every": "0d"}, {"usd": 0}, {"usd": "nan"}, {"everry": "7d"}]
)
def test_a_schedule_that_is_none_is_refused_by_its_key(held_out: dict[str, Any]) -> None:
    with pytest.raises(BadSettings, match="held_out"):
        settings_from([{"held_out": held_out}], {})


def test_a_schedule_is_read_with_its_dollars_exact() -> None:
    found = settings_from([{"held_out": {"every": "7d", "usd": 2.10}}], {}).held_out

    assert (found.every, found.usd) == ("7d", Decimal("2.1"))
