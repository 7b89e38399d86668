"""The strict fake's Files API: what is uploaded can be listed, described and deleted."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from suffice.testing.admission import Problem, invalid
from suffice.testing.paging import read_limit
from suffice.testing.wire import stamp

MOST_FILE_BYTES = 500 * 1024 * 1024
_SHORTEST_S, _LONGEST_S = 3_600, 7_776_000
_MOST_IDS = 100
_PARAMETER = re.compile(rb'(name|filename)="([^"]*)"')
_EXAMPLE = b"The strict fake made this file up.\n"


class _File(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    mime_type: str
    content: bytes
    created_at: datetime
    expires_at: datetime | None = None
    downloadable: bool = False


class Part(msgspec.Struct, frozen=True):
    """One field of a form."""

    name: str
    content: bytes
    filename: str | None = None
    mime_type: str = ""


class Files:
    """
    Every file of one fake.

    Args:
        now: The clock; what has expired is gone.
        standing: Ids under which a file is always found, also after its deletion. Like a file a
            tool has written it can be downloaded; an uploaded one cannot.
    """

    def __init__(self, *, now: Callable[[], datetime], standing: Collection[str]) -> None:
        self._now = now
        self._standing = frozenset(standing)
        self._files: dict[str, _File] = {}

    def upload(self, body: bytes, *, content_type: str, number: int) -> dict[str, Any]:
        """
        Keep a file sent as a form.

        Raises:
            Problem: The body is no such form.
        """
        parts = {part.name: part for part in read_form(body, content_type=content_type)}
        part = parts.get("file")
        if part is None:
            raise invalid("file: Field required")
        if not part.content:
            raise invalid("file: must not be empty")
        mime_type = part.mime_type or "application/octet-stream"
        name = (part.filename or "").rpartition("/")[2]
        now = self._now()
        kept = _File(
            id=f"file_strictfake_{number:06d}",
            name=name or f"unnamed{mimetypes.guess_extension(mime_type) or ''}",
            mime_type=mime_type,
            content=part.content,
            created_at=now,
            expires_at=_expiry(parts.get("expires_in_seconds"), now=now),
        )
        self._files[kept.id] = kept
        return _describe(kept)

    def list(self, query: Mapping[str, str], *, ids: Sequence[str]) -> dict[str, Any]:
        """
        One page, the newest first; or those of the ids that are there, and no page after it.

        Raises:
            Problem: The limit or the number of ids is wrong.
        """
        limit, cursor = read_limit(query), query.get("page") or ""
        newest = [file for file in reversed(self._files.values()) if not self._is_gone(file)]
        if len(set(ids)) > _MOST_IDS:
            raise invalid(f"ids: at most {_MOST_IDS} ids are allowed")
        if ids:
            return {"data": [_describe(f) for f in newest if f.id in ids], "next_page": None}
        after = cursor.removeprefix("page_")
        known = [file.id for file in newest]
        start = known.index(after) + 1 if after in known else 0
        chosen = newest[start : start + limit]
        more = len(newest) > start + limit
        return {
            "data": [_describe(file) for file in chosen],
            "next_page": f"page_{chosen[-1].id}" if more else None,
        }

    def retrieve(self, id_: str) -> dict[str, Any]:
        """
        What is known of a file.

        Raises:
            Problem: There is none.
        """
        return _describe(self._find(id_))

    def content(self, id_: str) -> tuple[bytes, str]:
        """
        The bytes of a file and their type.

        Raises:
            Problem: There is none, or it was uploaded and so cannot be downloaded.
        """
        found = self._find(id_)
        if not found.downloadable:
            raise invalid(f"File {id_} is not downloadable")
        return found.content, found.mime_type

    def delete(self, id_: str) -> dict[str, Any]:
        """
        Forget a file.

        Raises:
            Problem: There is none.
        """
        self._files.pop(self._find(id_).id)
        return {"id": id_, "type": "file_deleted"}

    def _is_gone(self, file: _File) -> bool:
        return file.expires_at is not None and self._now() >= file.expires_at

    def _find(self, id_: str) -> _File:
        if id_ not in self._files and id_ in self._standing:
            self._files[id_] = _File(
                id=id_,
                name="strict-fake.txt",
                mime_type="text/plain",
                content=_EXAMPLE,
                created_at=self._now(),
                downloadable=True,
            )
        found = self._files.get(id_)
        if found is None or self._is_gone(found):
            raise Problem(404, "not_found_error", f"File not found: {id_}")
        return found


def read_form(body: bytes, *, content_type: str) -> list[Part]:
    r"""
    The fields of a ``multipart/form-data`` body.

    Raises:
        Problem: It is none.

    >>> body = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n5\r\n--b--\r\n'
    >>> read_form(body, content_type="multipart/form-data; boundary=b")
    [Part(name='n', content=b'5', filename=None, mime_type='')]
    """
    kind, _, rest = content_type.partition(";")
    boundary = rest.partition("boundary=")[2].strip().strip('"').encode()
    if kind.strip().lower() != "multipart/form-data" or not boundary:
        raise invalid("Content-Type: expected multipart/form-data with a boundary")
    opening, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if opening or not parts or not parts[-1].startswith(b"--"):
        raise invalid("The multipart body is malformed")
    return [_part(raw) for raw in parts[:-1]]


def _part(raw: bytes) -> Part:
    head, found, content = raw.partition(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.split(b"\r\n")]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    named = dict(_PARAMETER.findall(headers.get(b"content-disposition", b"")))
    if not found or b"name" not in named:
        raise invalid("The multipart body is malformed")
    filename = named.get(b"filename")
    return Part(
        name=named[b"name"].decode(errors="replace"),
        content=content,
        filename=None if filename is None else filename.decode(errors="replace"),
        mime_type=headers.get(b"content-type", b"").decode("latin-1"),
    )


def _expiry(part: Part | None, *, now: datetime) -> datetime | None:
    if part is None:
        return None
    told = part.content.decode("latin-1")
    if not told.isdigit() or not _SHORTEST_S <= int(told) <= _LONGEST_S:
        raise invalid(f"expires_in_seconds: must be between {_SHORTEST_S} and {_LONGEST_S}")
    return now + timedelta(seconds=int(told))


def _describe(file: _File) -> dict[str, Any]:
    return {
        "id": file.id,
        "type": "file",
        "filename": file.name,
        "mime_type": file.mime_type,
        "size_bytes": len(file.content),
        "created_at": stamp(file.created_at),
        "expires_at": stamp(file.expires_at),
        "downloadable": file.downloadable,
    }
