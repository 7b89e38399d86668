"""Small files, in a folder that somebody else may write into."""

from __future__ import annotations

import os
from pathlib import Path

from suffice.gateway.memory import open_room
from suffice.gateway.whole_files import put_whole


def test_a_link_under_the_drafts_name_is_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / f"0.{os.getpid()}.new").symlink_to(precious)

    assert put_whole(tmp_path / "0.metrics", b"ours")
    assert precious.read_text() == "mine"
    assert (tmp_path / "0.metrics").read_bytes() == b"ours"


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"0.{os.getpid()}.new").write_text("half")

    assert put_whole(tmp_path / "0.metrics", b"ours")
    assert [path.name for path in tmp_path.iterdir()] == ["0.metrics"]


def test_the_room_is_not_made_in_somebody_elses_file(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / f"memory.{os.getpid()}.new").symlink_to(precious)
    open_room(tmp_path)

    assert precious.read_text() == "mine"
