"""Log files on disk: any mixture of formats, packed or not, read as one stream and resumed."""

from suffice.adapters.logs.files import STDIN, find_files
from suffice.adapters.logs.importing import Call, Imported, Importing
from suffice.adapters.logs.lines import Line
from suffice.adapters.logs.reading import LogFile, Readers

__all__ = [
    "STDIN",
    "Call",
    "Imported",
    "Importing",
    "Line",
    "LogFile",
    "Readers",
    "find_files",
]
