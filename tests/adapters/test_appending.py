"""Whole files, put in place where somebody else may write too."""

from __future__ import annotations

from pathlib import Path

from suffice.adapters.appending import write_atomically


def test_a_link_under_the_drafts_name_is_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "policy.json.tmp").symlink_to(precious)

    write_atomically(tmp_path / "policy.json", b"{}")

    assert precious.read_text() == "mine"
    assert (tmp_path / "policy.json").read_bytes() == b"{}"


def test_a_draft_that_somebody_left_is_neither_used_nor_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "policy.json.tmp").write_text("half of a much longer one")

    write_atomically(tmp_path / "policy.json", b"{}")

    assert (tmp_path / "policy.json").read_bytes() == b"{}"
    assert (tmp_path / "policy.json").stat().st_mode & 0o777 == 0o600
