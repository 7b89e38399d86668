"""What a request's shape is called: the hash of its system prompt and its tools."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from suffice.policy.masking import mask_json

# A client's own note on who pays; it stands first in the system prompt and differs by call.
_CLIENTS_OWN_NOTE = "x-anthropic-billing-header:"
_NOT_PART_OF_IT = "cache_control"


def fingerprint(request: Mapping[str, Any]) -> str:
    """
    The SHA-256 of a request's system prompt and tool set, in hex.

    The same for a prompt given as text or as blocks, with or without cache markers, and for
    tools in any order of their keys: what a log or a client rewrites does not change it.

    >>> plain = {"system": "Sort the ticket.", "messages": []}
    >>> blocks = {"system": [{"type": "text", "text": "Sort the ticket."}], "tools": []}
    >>> fingerprint(plain) == fingerprint(blocks)
    True
    >>> fingerprint(plain) == fingerprint({"system": "Sort the tickets."})
    False
    """
    shape = [_system(request.get("system")), _tools(request.get("tools"))]
    return hashlib.sha256(msgspec.json.encode(shape, order="deterministic")).hexdigest()


def prompt_version(request: Mapping[str, Any]) -> str:
    """
    The version of the prompt a request came with; empty where it came with none.

    It is the fingerprint of the masked prompt, so that a request has the same version when it is
    served, where it was captured and masked, and among the cases that were compared.

    >>> mail = {"system": "Write to bob@example.org."}
    >>> prompt_version(mail) == prompt_version({"system": "Write to [email]."})
    True
    >>> prompt_version({"messages": [{"role": "user", "content": "hi"}]})
    ''
    """
    parts = {name: request.get(name) for name in ("system", "tools")}
    if not any(parts.values()):
        return ""
    return fingerprint(mask_json(parts))


class Fingerprints:
    """The fingerprints of the last prompts seen: few prompts make many requests."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._known: dict[bytes, str] = {}

    def of(self, digest: bytes, system: bytes | memoryview, tools: bytes | memoryview) -> str:
        """The fingerprint of a system prompt and a tool set, by the digest of their bytes."""
        known = self._known.get(digest)
        if known is None:
            request = {"system": msgspec.json.decode(system), "tools": msgspec.json.decode(tools)}
            known = fingerprint(request)
            if len(self._known) >= self._capacity:
                self._known.clear()
            self._known[digest] = known
        return known


class PromptVersions:
    """The version that all cases of a type share, if they do."""

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}
        self._known: dict[bytes, str] = {}

    def add(self, request_type: str, request: Mapping[str, Any]) -> None:
        """Count a case's request; one without a prompt says that nothing is known of the type."""
        if self._versions.get(request_type) == "":
            return
        version = self._version(request)
        shared = self._versions.setdefault(request_type, version)
        if shared != version:
            self._versions[request_type] = ""

    def of(self, request_type: str) -> str:
        """The version all cases of a type came with; empty where they differ, or nobody knows."""
        return self._versions.get(request_type, "")

    def _version(self, request: Mapping[str, Any]) -> str:
        """As `prompt_version`; few prompts make many cases, and masking takes its time."""
        parts = [request.get("system"), request.get("tools")]
        digest = hashlib.sha256(msgspec.json.encode(parts)).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = prompt_version(request)
        return known


def _system(system: Any) -> list[Any]:
    if not isinstance(system, list):
        return [] if system is None else [system]
    return [
        block["text"] if block.get("type") == "text" and "text" in block else _unmarked(block)
        for block in system
        if isinstance(block, Mapping) and not _is_note(block)
    ]


def _tools(tools: Any) -> list[Any]:
    return [_unmarked(tool) for tool in tools] if isinstance(tools, list) else []


def _is_note(block: Mapping[str, Any]) -> bool:
    text = block.get("text")
    return isinstance(text, str) and text.startswith(_CLIENTS_OWN_NOTE)


def _unmarked(part: Any) -> Any:
    if not isinstance(part, Mapping):
        return part
    return {key: value for key, value in part.items() if key != _NOT_PART_OF_IT}
