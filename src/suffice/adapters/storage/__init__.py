"""Where runs are kept: one folder each, safe against kills, full disks and second processes."""

from suffice.adapters.storage.archive import (
    RunInfo,
    export_zip,
    read_answers,
    read_result,
    read_run_info,
    read_shown,
    unpack_zip,
)
from suffice.adapters.storage.held_out import KeptAside, keep_held_out, read_held_out
from suffice.adapters.storage.run_folder import RunFolder, create_run, open_run

__all__ = [
    "KeptAside",
    "RunFolder",
    "RunInfo",
    "create_run",
    "export_zip",
    "keep_held_out",
    "open_run",
    "read_answers",
    "read_held_out",
    "read_result",
    "read_run_info",
    "read_shown",
    "unpack_zip",
]
