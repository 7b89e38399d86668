"""What is told of the files of a scan."""

from __future__ import annotations

import msgspec

from suffice.records import BrokenCase


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was found in one file, or in all files below one folder.

    Attributes:
        name: As it was given.
        formats: The titles of its formats, the commonest first.
        files: How many files.
        calls: Exchanges read in this scan.
        added: Those that were not kept already.
        elsewhere: Those that another format's log told of before.
        merged: Lines that repeat another's usage.
        skipped_lines: Lines an earlier scan read.
        broken: Records that could not be read.
        examples: The first of them.
        unranked: Exchanges that tell no usage or no model.
        untestable: Exchanges without the whole request or without an answer.
        findings: Coded remarks, such as SF118.
        bytes_read: Unpacked.
    """

    name: str
    formats: list[str] = []
    files: int = 0
    calls: int = 0
    added: int = 0
    elsewhere: int = 0
    merged: int = 0
    skipped_lines: int = 0
    broken: int = 0
    examples: list[BrokenCase] = []
    unranked: int = 0
    untestable: int = 0
    findings: list[str] = []
    bytes_read: int = 0


def together(told: Told, more: Told) -> Told:
    """What is told of two files as one, under the first one's name."""
    return Told(
        name=told.name,
        formats=list(dict.fromkeys([*told.formats, *more.formats])),
        files=told.files + more.files,
        calls=told.calls + more.calls,
        added=told.added + more.added,
        elsewhere=told.elsewhere + more.elsewhere,
        merged=told.merged + more.merged,
        skipped_lines=told.skipped_lines + more.skipped_lines,
        broken=told.broken + more.broken,
        examples=[*told.examples, *more.examples][:3],
        unranked=told.unranked + more.unranked,
        untestable=told.untestable + more.untestable,
        findings=[*told.findings, *more.findings],
        bytes_read=told.bytes_read + more.bytes_read,
    )
