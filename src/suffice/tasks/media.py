"""What a task is given: text, a PDF or a picture; looked at here before anybody is asked."""

from __future__ import annotations

import base64
import io
import re
import struct
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from suffice.catalog import Catalog
from suffice.errors import BadOption, UnreadableFile
from suffice.pricing import image_tokens

Kind = Literal["text", "pdf", "image"]

_MOST_IMAGE_BYTES = 10 * 1024 * 1024
_MOST_PDF_BYTES = 24 * 1024 * 1024
_MOST_TEXT_BYTES = 16 * 1024 * 1024
_LONGEST_EDGE_PX = 8_000
_PNG, _GIF, _RIFF, _JPEG, _PDF = b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"\xff\xd8\xff", b"%PDF-"
_FILE = re.compile(r"[^\s\0]+\.(?:pdf|png|jpe?g|gif|webp|tiff?|docx?|txt)", re.IGNORECASE)
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """
    An input.

    Attributes:
        kind: What it is.
        block: As it stands in a user's message.
        text: The text itself; None for a PDF or a picture.
        width_px: Of a picture; None where it is at an address.
        height_px: Likewise.
    """

    kind: Kind
    block: dict[str, Any]
    text: str | None = None
    width_px: int | None = None
    height_px: int | None = None

    def tokens(self, model: str, *, catalog: Catalog) -> int | None:
        """
        How many tokens a picture is for a model; None where that cannot be told.

        >>> from suffice.catalog import load_catalog
        >>> seen = Source(kind="image", block={}, width_px=1920, height_px=1080)
        >>> seen.tokens("claude-haiku-4-5", catalog=load_catalog())
        1560
        """
        if self.width_px is None or self.height_px is None or not catalog.knows(model):
            return None
        rule = catalog.find(model).image_rule
        return None if rule is None else image_tokens(self.width_px, self.height_px, rule=rule)


def read_source(given: Any, *, allow_urls: bool = False) -> Source:
    """
    An input as a task takes it: a text, a path, bytes, a PIL image, or an address.

    A ``str`` is a text, unless it is an ``https`` address and ``allow_urls`` is set; name files
    as `pathlib.Path`. A text that is nothing but the name of a file is refused.

    Raises:
        BadOption: It is of another kind, a file's name, too large, or an address not allowed.
        UnreadableFile: The file cannot be read.

    >>> read_source("Total: 3 EUR").kind
    'text'
    """
    if isinstance(given, str):
        if is_file_name(given):
            what = f"{given} is the name of a file, not what is in it."
            raise _bad(what, "Name files as pathlib.Path.")
        return _address(given) if allow_urls and _is_address(given) else _text(given)
    if isinstance(given, Path):
        return _bytes(_content(given))
    if isinstance(given, bytes | bytearray):
        return _bytes(bytes(given))
    if hasattr(given, "save") and hasattr(given, "size"):
        out = io.BytesIO()
        given.save(out, format="PNG")
        return _bytes(out.getvalue())
    raise _bad(
        f"{type(given).__name__} is no input.",
        "Give a text, a pathlib.Path, bytes, or a PIL image.",
    )


def is_file_name(text: str) -> bool:
    """
    Whether a text is nothing but the name of a file with a usual ending.

    >>> is_file_name("scans/7.pdf"), is_file_name("See scans/7.pdf.")
    (True, False)
    """
    return bool(_FILE.fullmatch(text)) and not _is_address(text)


def read_image(given: Any, *, allow_urls: bool = False) -> Source:
    """
    As `read_source`, for pictures alone; a ``str`` can only be an address.

    Raises:
        BadOption: It is no picture.
        UnreadableFile: The file cannot be read.
    """
    if isinstance(given, str):
        if not _is_address(given):
            raise _bad("A text is no picture.", "Name a file as pathlib.Path.")
        if not allow_urls:
            raise _bad(
                "Pictures at an address are not fetched unless you say so.",
                "Give allow_urls=True: the provider then fetches it, not this machine.",
            )
    found = read_source(given, allow_urls=allow_urls)
    if found.kind != "image":
        what = "a PDF" if found.kind == "pdf" else "a text"
        raise _bad(f"This is {what}, no picture.", "Give a PNG, JPEG, GIF or WebP; or use extract.")
    return found


def _text(text: str) -> Source:
    if not text.strip():
        raise _bad("There is nothing in it.", "Leave empty inputs out.")
    if len(text.encode(errors="replace")) > _MOST_TEXT_BYTES:
        raise _bad(f"The text is longer than {_MOST_TEXT_BYTES // 2**20} MB.", "Part it first.")
    return Source(kind="text", block={"type": "text", "text": text}, text=text)


def _address(url: str) -> Source:
    source = {"type": "url", "url": url}
    if urlsplit(url).path.lower().endswith(".pdf"):
        return Source(kind="pdf", block={"type": "document", "source": source})
    return Source(kind="image", block={"type": "image", "source": source})


def _is_address(text: str) -> bool:
    return text.startswith("https://") and " " not in text and "\n" not in text


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error.strerror or error}.",
            effect="Nothing was asked.",
            next_step="Check the path and its permissions.",
        ) from error


def _bytes(content: bytes) -> Source:
    if content.startswith(_PDF):
        return _pdf(content)
    found = _picture(content)
    if found is not None:
        return found
    try:
        return _text(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        what = "It is neither UTF-8 text nor PDF, PNG, JPEG, GIF or WebP."
        raise _bad(what, "Convert it to one of these.") from None


def _pdf(content: bytes) -> Source:
    if len(content) > _MOST_PDF_BYTES:
        what = f"The PDF is larger than {_MOST_PDF_BYTES // 2**20} MB, a request's room."
        raise _bad(what, "Part it first.")
    source = {"type": "base64", "media_type": "application/pdf", "data": _base64(content)}
    return Source(kind="pdf", block={"type": "document", "source": source})


def _picture(content: bytes) -> Source | None:
    read = next((read for mark, read in _PICTURES if content.startswith(mark)), None)
    if read is None:
        return None
    try:
        media_type, width, height = read(content)
    except (struct.error, IndexError, ValueError):
        raise _bad("The picture is broken: its size cannot be read.", "Save it anew.") from None
    if len(content) * 4 / 3 > _MOST_IMAGE_BYTES:
        what = f"The picture is larger than {_MOST_IMAGE_BYTES // 2**20} MB as base64."
        raise _bad(what, "Make it smaller first.")
    if max(width, height) > _LONGEST_EDGE_PX or min(width, height) < 1:
        raise _bad(
            f"The picture has {width} x {height} pixels; {_LONGEST_EDGE_PX} an edge is most.",
            "Bring it to another size first.",
        )
    source = {"type": "base64", "media_type": media_type, "data": _base64(content)}
    return Source(
        kind="image",
        block={"type": "image", "source": source},
        width_px=width,
        height_px=height,
    )


def _png(content: bytes) -> tuple[str, int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return "image/png", width, height


def _gif(content: bytes) -> tuple[str, int, int]:
    width, height = struct.unpack("<HH", content[6:10])
    return "image/gif", width, height


def _jpeg(content: bytes) -> tuple[str, int, int]:
    at = 2
    while True:
        if content[at] != 0xFF:  # noqa: PLR2004 - a marker's first byte
            raise ValueError
        marker, (length,) = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + length


def _webp(content: bytes) -> tuple[str, int, int]:
    if content[8:12] != b"WEBP":
        raise ValueError
    match content[12:16]:
        case b"VP8X":
            width = int.from_bytes(content[24:27], "little") + 1
            height = int.from_bytes(content[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack("<HH", content[26:30]))
        case _:
            raise ValueError
    return "image/webp", width, height


_PICTURES = ((_PNG, _png), (_GIF, _gif), (_RIFF, _webp), (_JPEG, _jpeg))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bad(what: str, next_step: str) -> BadOption:
    return BadOption(what, effect="Nothing was asked.", next_step=next_step)
