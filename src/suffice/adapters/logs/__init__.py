"""Log files on disk: any mixture of formats, packed or not, read as one stream and resumed."""

from suffice.adapters.logs.files import STDIN, find_files
from suffice.adapters.logs.reading import LogFile, Readers

__all__ = ["STDIN", "LogFile", "Readers", "find_files"]
