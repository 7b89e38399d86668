"""The proxy that requests leave by, where a network has one: a tunnel asked for with CONNECT."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec
from typing_extensions import override

from suffice.errors import BadOption

DIRECT = "direct"
_PORTS = {"http": 80, "https": 443}
_HEAD_END = b"\r\n\r\n"
_MOST_BYTES = 16 * 1024
_OK = range(200, 300)


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where to ask for a tunnel.

    Attributes:
        host: Name or address of the proxy.
        port: Its TCP port.
        tls: Whether the way to the proxy is encrypted as well.
        credential: The value of ``proxy-authorization``; empty where none is asked for.
    """

    host: str
    port: int
    tls: bool = False
    credential: bytes = b""

    @override
    def __repr__(self) -> str:
        """Without the credential, so that it cannot get into a log by accident."""
        return f"Proxy({self.shown!r})"

    @property
    def shown(self) -> str:
        """Its address as it may be told."""
        return f"{'https' if self.tls else 'http'}://{_bracketed(self.host)}:{self.port}"


class TunnelRefused(OSError):
    """The proxy gave no tunnel; says why, and never what it was asked with."""


def read_proxy(url: str) -> Proxy:
    """
    A proxy out of its URL.

    Raises:
        BadOption: It is no http or https address.

    >>> read_proxy("http://user:secret@proxy.example:3128")
    Proxy('http://proxy.example:3128')
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = (parts.port or _PORTS[parts.scheme]) if parts.scheme in _PORTS else 0
    except ValueError:
        port = 0
    if not port or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise _bad(f"The proxy {url.rpartition('@')[2]!r} is no http or https address.")
    credential = b""
    if parts.username is not None:
        pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
        credential = b"Basic " + base64.b64encode(pair)
    return Proxy(host=parts.hostname, port=port, tls=parts.scheme == "https", credential=credential)


def choose_proxy(
    said: str | None, environ: Mapping[str, str], *, host: str, port: int, tls: bool
) -> Proxy | None:
    """
    The proxy for an upstream: what was said, else what the environment says.

    Args:
        said: A URL, ``direct`` for none, or None to look at the environment. A credential in it
            would stand in the list of processes or in a file, so it is refused.
        environ: ``HTTPS_PROXY`` or ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, in either case.
        host: Of the upstream.
        port: Of the upstream.
        tls: Whether the upstream is reached by https.

    Raises:
        BadOption: What was found is no proxy, or a credential stands where others can read it.

    >>> env = {"https_proxy": "http://proxy:3128", "no_proxy": ".internal"}
    >>> choose_proxy(None, env, host="api.anthropic.com", port=443, tls=True)
    Proxy('http://proxy:3128')
    >>> choose_proxy(None, env, host="llm.internal", port=443, tls=True) is None
    True
    """
    if said == DIRECT:
        return None
    if said is not None:
        if "@" in said:
            raise _bad(
                "The proxy's address holds a credential, where others can read it.",
                next_step="Set HTTPS_PROXY in the gateway's environment instead.",
            )
        return read_proxy(said)
    first = ("https_proxy",) if tls else ("http_proxy",)
    for name in (*first, "all_proxy"):
        url = environ.get(name) or environ.get(name.upper())
        if url:
            exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
            return None if is_exempt(host, port, exempt) else read_proxy(url)
    return None


def is_exempt(host: str, port: int, listed: str) -> bool:
    """
    Whether ``NO_PROXY`` names a host: by name, by domain, by address or by network.

    >>> is_exempt("api.corp.example", 443, "localhost, corp.example:443")
    True
    >>> is_exempt("10.1.2.3", 443, "10.0.0.0/8"), is_exempt("notcorp.example", 443, "corp.example")
    (True, False)
    """
    name = host.lower().rstrip(".")
    for entry in (piece.strip().lower() for piece in listed.split(",")):
        if entry == "*":
            return True
        bare, colon, wanted = entry.rpartition(":")
        if colon and wanted.isdigit() and ":" not in bare.strip("[]").partition("]")[0]:
            if int(wanted) != port:
                continue
            entry = bare  # noqa: PLW2901 - what is left of it
        if _names(entry.strip("[]"), name):
            return True
    return False


def _names(entry: str, name: str) -> bool:
    if not entry:
        return False
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = entry.lstrip("*").lstrip(".")
        return bool(domain) and (name == domain or name.endswith("." + domain))


class _Asking(asyncio.Protocol):
    """Asks for a tunnel, and waits for the answer's head."""

    def __init__(self, request: bytes, answered: asyncio.Future[None]) -> None:
        self._request, self._answered = request, answered
        self._got = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, rest = self._got.partition(_HEAD_END)
        if not end and len(self._got) < _MOST_BYTES:
            return
        words = head.split(b"\r\n", 1)[0].split(b" ", 2)
        status = words[1] if len(words) > 1 and words[0].startswith(b"HTTP/1.") else b""
        # Whoever speaks before we did is no upstream of ours.
        if not end or rest or not status.isdigit():
            self._end(TunnelRefused("the proxy's answer is no HTTP"))
        elif int(status) not in _OK:
            self._end(TunnelRefused(f"the proxy answered {int(status)} to CONNECT"))
        else:
            self._end(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(TunnelRefused("the proxy closed the connection"))

    def _end(self, wrong: TunnelRefused | None) -> None:
        if self._answered.done():
            return
        if wrong is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(wrong)


async def open_tunnel(
    proxy: Proxy, host: str, port: int, *, proxy_tls: ssl.SSLContext | None
) -> asyncio.Transport:
    """
    A connection through the proxy that nothing was sent on yet.

    Raises:
        OSError: The proxy cannot be reached, or refused (`TunnelRefused`).
    """
    loop = asyncio.get_running_loop()
    target = f"{_bracketed(host)}:{port}".encode("ascii")
    lines = [b"CONNECT %b HTTP/1.1" % target, b"Host: %b" % target]
    if proxy.credential:
        lines.append(b"Proxy-Authorization: %b" % proxy.credential)
    answered: asyncio.Future[None] = loop.create_future()
    transport, _ = await loop.create_connection(
        lambda: _Asking(b"\r\n".join(lines) + _HEAD_END, answered),
        proxy.host,
        proxy.port,
        ssl=proxy_tls if proxy.tls else None,
        server_hostname=proxy.host if proxy.tls else None,
    )
    try:
        await answered
    except BaseException:
        transport.abort()
        raise
    return transport


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bad(what: str, *, next_step: str = "Give it as http://HOST:PORT.") -> BadOption:
    return BadOption(what, effect="The gateway was not started.", next_step=next_step)
