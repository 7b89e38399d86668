"""A key is known by its fingerprint alone."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from suffice.gateway.accounting import fingerprint, fingerprint_secret


def test_a_key_is_the_same_in_either_header() -> None:
    assert fingerprint(b"Bearer sk-1", secret=b"s") == fingerprint(b"sk-1", secret=b"s")


def test_a_fingerprint_says_nothing_without_the_secret() -> None:
    assert fingerprint(b"sk-1", secret=b"a") != fingerprint(b"sk-1", secret=b"b")


def test_no_key_has_no_fingerprint() -> None:
    assert fingerprint(b"", secret=b"s") == ""


def test_workers_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: fingerprint_secret(tmp_path / "data"), range(32)))

    assert len(secrets) == 1
    path = tmp_path / "data" / "fingerprint.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["fingerprint.secret"]


def test_a_folder_that_cannot_be_written_still_gives_a_secret(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    assert len(fingerprint_secret(tmp_path / "data")) == 32
