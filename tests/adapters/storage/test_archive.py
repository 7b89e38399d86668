"""A run opens on another machine, from its folder or from a zip, and a hostile zip does not."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from suffice.adapters.storage import (
    RunFolder,
    export_zip,
    open_run,
    read_result,
    read_run_info,
    read_shown,
    unpack_zip,
)
from suffice.comparison.stored import StoredAnswer
from suffice.errors import StorageError
from suffice.records import Comparison, ShownCase


@pytest.fixture
def finished(run: RunFolder, answer_to: Callable[..., StoredAnswer]) -> Path:
    """A run with an answer, two shown cases and a result."""
    run.keep(answer_to("a"))
    shown = ShownCase(type="t", baseline="b", candidate="c", case_id="a", outcome="lost")
    run.append_shown(
        [shown, ShownCase(type="u", baseline="b", candidate="c", case_id="b", outcome="both")]
    )
    run.write_result(Comparison(run_id="r1", notes=("one", "two")))
    run.close()
    return run.path


def test_a_zip_of_a_run_reads_like_its_folder(finished: Path, tmp_path: Path) -> None:
    export_zip(finished, tmp_path / "r.zip")

    assert read_result(tmp_path / "r.zip") == read_result(finished)
    assert list(read_shown(tmp_path / "r.zip")) == list(read_shown(finished))
    assert read_run_info(tmp_path / "r.zip").run_id == "r1"


def test_a_zip_is_private_and_written_through_no_link(finished: Path, tmp_path: Path) -> None:
    """
    It holds texts; a link under its draft's name may be another user's.
    """
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "r.zip.tmp").symlink_to(precious)
    export_zip(finished, tmp_path / "r.zip")

    assert precious.read_text() == "mine"
    assert (tmp_path / "r.zip").stat().st_mode & 0o777 == 0o600
    assert read_run_info(tmp_path / "r.zip").run_id == "r1"


def test_a_result_file_reads_like_its_folder(finished: Path) -> None:
    assert read_result(finished / "result.json") == read_result(finished)


def test_shown_cases_are_chosen_by_type_and_outcome(finished: Path) -> None:
    assert [row.case_id for row in read_shown(finished, request_type="t")] == ["a"]
    assert [row.case_id for row in read_shown(finished, outcome="both")] == ["b"]


def test_an_unpacked_run_continues(finished: Path, tmp_path: Path) -> None:
    export_zip(finished, tmp_path / "r.zip")
    unpack_zip(tmp_path / "r.zip", tmp_path / "there")

    with open_run(tmp_path / "there") as again:
        assert again.answered == 1


def test_a_zip_takes_no_file_outside_its_folder(finished: Path, tmp_path: Path) -> None:
    export_zip(finished, tmp_path / "r.zip")
    with zipfile.ZipFile(tmp_path / "r.zip", "a") as archive:
        archive.writestr("../outside.txt", "gotcha")

    unpack_zip(tmp_path / "r.zip", tmp_path / "deep" / "there")

    assert not list(tmp_path.rglob("outside.txt"))


def test_a_zip_that_swells_beyond_reason_is_refused(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("result.json", "w", force_zip64=True) as file,
    ):
        for _ in range(257):
            file.write(b" " * (1 << 20))

    with pytest.raises(StorageError, match="larger than it can be"):
        read_result(tmp_path / "bomb.zip")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_what_is_no_run_is_a_coded_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)

    with pytest.raises(StorageError, match="cannot be read as a run"):
        read_result(tmp_path / "x.zip")


def test_a_folder_without_a_result_is_a_coded_error(run: RunFolder) -> None:
    with pytest.raises(StorageError, match=r"result\.json|No such file"):
        read_result(run.path)


def test_a_result_of_a_later_version_is_not_misread(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"schema": "suffice.comparison", "version": 2}')

    with pytest.raises(StorageError, match="later version"):
        read_result(tmp_path)
