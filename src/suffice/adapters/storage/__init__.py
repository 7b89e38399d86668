"""Where runs are kept: one folder each, safe against kills, full disks and second processes."""

from suffice.adapters.storage.archive import (
    RunInfo,
    export_zip,
    read_result,
    read_run_info,
    read_shown,
    unpack_zip,
)
from suffice.adapters.storage.run_folder import RunFolder, create_run, open_run

__all__ = [
    "RunFolder",
    "RunInfo",
    "create_run",
    "export_zip",
    "open_run",
    "read_result",
    "read_run_info",
    "read_shown",
    "unpack_zip",
]
