"""Policies as files: immutable versions, one writer wins, nothing half-written is ever in force."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from suffice.adapters.policies import PolicyFiles
from suffice.errors import PolicyChanged, StorageError, UnreadableFile
from suffice.policy.table import EMPTY, Policy, TypeRule, etag, write_policy


def ruled(share: float = 0.0) -> Policy:
    rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=share)
    return Policy(version=0, types={"triage": rule})


@pytest.fixture
def files(tmp_path: Path) -> PolicyFiles:
    return PolicyFiles(tmp_path / "data" / "policy.json")


def test_before_the_first_version_the_empty_policy_is_in_force(files: PolicyFiles) -> None:
    assert files.load() == (EMPTY, "", "")
    assert files.history() == ()


def test_each_version_follows_the_one_before(files: PolicyFiles) -> None:
    first = files.publish(ruled(0.05), after="")
    second = files.publish(ruled(0.25), after=first.etag)

    assert (first.policy.version, second.policy.version) == (1, 2)
    assert second.policy.parent == first.etag == etag(write_policy(first.policy))
    assert files.load() == second
    assert files.version(1) == first.policy
    assert [version.problem for version in files.history()] == ["", ""]


def test_only_the_owner_may_read_them(files: PolicyFiles) -> None:
    files.publish(ruled(), after="")
    files.assignment_key()

    written = [path for path in files.path.parent.rglob("*") if path.is_file()]
    assert len(written) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(files.history_folder.stat().st_mode) == 0o700


def test_a_change_begun_from_an_older_version_is_refused(files: PolicyFiles) -> None:
    first = files.publish(ruled(0.05), after="")
    files.publish(ruled(0.25), after=first.etag)

    with pytest.raises(PolicyChanged, match="Version 2 was published since"):
        files.publish(ruled(1.0), after=first.etag)
    assert files.load().policy.types["triage"].share == 0.25


def test_of_many_writers_at_once_one_wins(files: PolicyFiles) -> None:
    begun = files.publish(ruled(), after="").etag
    ready, won, lost = threading.Barrier(8), [], []

    def write(share: float) -> None:
        mine = PolicyFiles(files.path)
        ready.wait()
        try:
            won.append(mine.publish(ruled(share), after=begun))
        except PolicyChanged:
            lost.append(share)

    threads = [threading.Thread(target=write, args=(i / 10,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, 7)
    assert files.load() == won[0]


@pytest.mark.parametrize("rest", ["absent", "old", "torn"])
def test_a_writer_killed_between_history_and_front_is_completed_by_the_next(
    files: PolicyFiles, rest: str
) -> None:
    first = files.publish(ruled(0.05), after="")
    old = files.path.read_bytes()
    second = files.publish(ruled(0.25), after=first.etag)
    if rest == "absent":
        files.path.unlink()
    else:
        files.path.write_bytes(old if rest == "old" else old[:40])

    third = files.publish(ruled(0.5), after=second.etag)

    assert third.policy.version == 3
    assert files.load() == third


def test_a_broken_file_in_force_gives_way_to_the_last_good_version(files: PolicyFiles) -> None:
    good = files.publish(ruled(0.05), after="")
    files.path.write_bytes(b'{"version": 2, "types": {"triage": {"basel')

    loaded = files.load()

    assert loaded[:2] == good[:2]
    assert "cannot be read" in loaded.problem


def test_a_broken_newest_version_gives_way_to_the_one_before(files: PolicyFiles) -> None:
    first = files.publish(ruled(0.05), after="")
    files.publish(ruled(0.25), after=first.etag)
    (files.history_folder / "000002.json").write_bytes(b"{")
    files.path.unlink()

    loaded = files.load()

    assert loaded.policy == first.policy
    assert "is gone" in loaded.problem


def test_a_file_changed_by_hand_is_used_but_not_written_over(files: PolicyFiles) -> None:
    first = files.publish(ruled(0.05), after="")
    by_hand = write_policy(Policy(version=1, types={}, parent="x"))
    files.path.write_bytes(by_hand)

    assert files.load().policy.types == {}
    with pytest.raises(PolicyChanged, match="changed by hand"):
        files.publish(ruled(0.5), after=first.etag)
    assert files.path.read_bytes() == by_hand


def test_a_file_written_before_there_was_a_history_becomes_its_beginning(
    files: PolicyFiles,
) -> None:
    files.path.parent.mkdir()
    own = write_policy(Policy(version=1, types=ruled(0.05).types))
    files.path.write_bytes(own)

    published = files.publish(ruled(0.25), after=files.load().etag)

    assert published.policy.version == 2
    assert [version.problem for version in files.history()] == ["", ""]


def test_a_version_that_was_tampered_with_is_found_out(files: PolicyFiles) -> None:
    first = files.publish(ruled(0.05), after="")
    files.publish(ruled(0.25), after=first.etag)
    old = files.history_folder / "000001.json"
    old.write_bytes(old.read_bytes().replace(b"0.05", b"0.95"))

    assert [bool(version.problem) for version in files.history()] == [False, True]


def test_a_change_is_seen_once(files: PolicyFiles) -> None:
    assert files.has_changed()
    assert not files.has_changed()
    files.publish(ruled(), after="")
    assert files.has_changed()
    assert not files.has_changed()


def test_the_assignment_key_is_made_once_and_never_replaced(files: PolicyFiles) -> None:
    key = files.assignment_key()

    assert len(key) == 32
    assert PolicyFiles(files.path).assignment_key() == key
    files.path.with_name("policy.key").write_bytes(b"short")
    with pytest.raises(StorageError, match="5 bytes"):
        files.assignment_key()


def test_a_version_that_never_was_is_named_with_those_that_are(files: PolicyFiles) -> None:
    files.publish(ruled(), after="")

    with pytest.raises(UnreadableFile, match=r"no version 9.*Versions 1 to 1 are kept"):
        files.version(9)


def test_a_folder_that_cannot_be_written_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(StorageError, match="cannot be used"):
        PolicyFiles(tmp_path / "file" / "policy.json").publish(ruled(), after="")
