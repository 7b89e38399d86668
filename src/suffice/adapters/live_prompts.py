"""The live version of each type's prompt, out of what the gateway's workers saw last."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import msgspec

from suffice.records import SeenPrompts

_LATEST = 20
_FEWEST = 10


def live_prompts(folder: Path, *, steady: bool = False) -> dict[str, str]:
    """
    For each type the version that more than half of its latest twenty requests came with.

    A type of which fewer than ten were seen, or whose prompts all differ, is left out: of it
    nothing is claimed. A stray request with another prompt is no edit.

    Args:
        folder: Where workers left what they saw; need not exist.
        steady: Only types whose latest twenty requests all came with one version: of others it
            would be chance which version is taken for the type's own.
    """
    seen: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for path in folder.glob("*.json"):
        try:
            found = _DECODER.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        for kind, requests in found.types.items():
            seen[kind] += requests
    live = {}
    for kind, requests in seen.items():
        latest = sorted(requests)[-_LATEST:]
        [(version, count)] = Counter(version for _, version in latest).most_common(1) or [("", 0)]
        enough = count == len(latest) if steady else 2 * count > len(latest)
        if version and len(latest) >= _FEWEST and enough:
            live[kind] = version
    return live


_DECODER = msgspec.json.Decoder(SeenPrompts)
