"""What a gateway says to a person once it takes requests; a pipe gets its log lines instead."""

from __future__ import annotations

import contextlib
import sys
from urllib.parse import urlsplit

from suffice.policy.rules import Policy

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - not bound, only named


def for_people() -> bool:
    """Whether somebody sits before its words: stderr is a terminal."""
    return sys.stderr.isatty()


def greet(address: str, *, policy: Policy | None, public_url: str) -> None:
    """Say so on stderr; one that is closed is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(greeting(address, policy=policy, public_url=public_url))
        sys.stderr.flush()


def greeting(address: str, *, policy: Policy | None, public_url: str) -> str:
    """
    Where it listens, what it does to requests, and how to point a client at it.

    Args:
        address: Where it listens.
        policy: In force; None: none was ever published.
        public_url: Under which clients know it; empty: its address.

    >>> print(greeting("http://0.0.0.0:4701", policy=None, public_url=""), end="")
    ready   http://0.0.0.0:4701
    policy  none yet; every request passes through untouched
    use     export ANTHROPIC_BASE_URL=http://127.0.0.1:4701
    """
    lines = {
        "ready": address,
        "policy": _policy(policy),
        "use": f"export ANTHROPIC_BASE_URL={public_url or _from_here(address)}",
    }
    return "".join(f"{name:<8}{said}\n" for name, said in lines.items())


def _policy(policy: Policy | None) -> str:
    untouched = "every request passes through untouched"
    if policy is None:
        return f"none yet; {untouched}"
    served = [rule for rule in policy.types.values() if rule.candidate and rule.share]
    shadowed = [
        rule for rule in policy.types.values() if rule.candidate and not rule.share and rule.shadow
    ]
    parts = [f"{_types(len(served))} routed"] if served else []
    parts += [f"{_types(len(shadowed))} at 0 % (shadow)"] if shadowed else []
    if not parts:
        return f"version {policy.version}; {untouched}"
    return f"version {policy.version}: {', '.join(parts)}; the rest untouched"


def _types(count: int) -> str:
    return f"{count:,} type{'' if count == 1 else 's'}"


def _from_here(address: str) -> str:
    """The address as this machine's own clients can reach it."""
    parts = urlsplit(address)
    here = _EVERYWHERE.get(parts.hostname or "")
    return f"{parts.scheme}://{here}:{parts.port}" if here else address
