"""Where requests go: the one address, fixed at the start, and how it proves itself."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from suffice.errors import BadOption

_PORTS = {"https": 443, "http": 80}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """
    The upstream, fixed by configuration: no request can change it.

    Attributes:
        host: Name or address.
        port: TCP port.
        tls: Whether the connection is encrypted and verified.
        authority: As it stands in the Host header.
        prefix: What stands before every path; without a slash at its end.
    """

    host: str
    port: int
    tls: bool
    authority: bytes
    prefix: bytes

    @property
    def origin(self) -> bytes:
        """Scheme, host and port."""
        return (b"https://" if self.tls else b"http://") + self.authority


def read_address(url: str, *, allow_plain: bool = False) -> Address:
    """
    An upstream out of its URL.

    Raises:
        BadOption: It is none, it holds a credential, or it would send credentials in the clear.

    >>> read_address("https://api.anthropic.com").authority
    b'api.anthropic.com'
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise _bad(f"The upstream {_shown(url)} is no http or https address.")
    if parts.username or parts.password:
        raise _bad("The upstream's address holds a credential.")
    tls = parts.scheme == "https"
    if not (tls or allow_plain or is_loopback(parts.hostname)):
        raise _bad(
            f"The upstream {_shown(url)} would be sent credentials in the clear.",
            next_step="Use https, or say --allow-plain-upstream where the network is your own.",
        )
    try:
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname.encode("ascii")
    except (ValueError, UnicodeEncodeError):
        raise _bad(f"The upstream {_shown(url)} cannot be read.") from None
    named = b"[%b]" % host if b":" in host else host
    usual = port == _PORTS[parts.scheme]
    return Address(
        host=parts.hostname,
        port=port,
        tls=tls,
        authority=named if usual else b"%b:%d" % (named, port),
        prefix=parts.path.rstrip("/").encode("ascii", "strict"),
    )


def is_loopback(host: str) -> bool:
    """
    Whether a name or address can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("localhost")
    (True, False, True)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_own_name(host: str, names: frozenset[str]) -> bool:
    """
    Whether what a request says in Host can only mean this gateway.

    A name can be made to lead here by whoever owns it, so that a page in a browser may read what
    stands here (DNS rebinding); an address cannot, nor can names that never leave the machine.

    Args:
        host: As it was sent; empty where a client sends none, which no browser does.
        names: Others it is known by, in small letters.

    >>> is_own_name("127.0.0.1:4701", frozenset()), is_own_name("rebound.example", frozenset())
    (True, False)
    """
    bare, _, port = host.rpartition(":")
    name = (bare if port.isdigit() else host).strip("[]").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return not name or name in names or name.rpartition(".")[2] == "localhost"
    return True


def own_names(host: str, public_url: str) -> frozenset[str]:
    """
    Names a gateway is known by: where it listens, and under which clients know it.

    >>> sorted(own_names("127.0.0.1", "https://llm.example"))
    ['127.0.0.1', 'llm.example']
    """
    return frozenset(name.lower() for name in (host, urlsplit(public_url).hostname) if name)


def verifying(ca_file: Path | None = None) -> ssl.SSLContext:
    """
    How certificates of the upstream are checked: by the system's authorities and by one's own.

    Raises:
        BadOption: The file of authorities cannot be read, or holds none.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as wrong:
            raise _bad(
                f"The authorities in {ca_file} cannot be read: {wrong.strerror or wrong}.",
                next_step="It is a file of certificates in PEM.",
            ) from wrong
    return context


def _shown(url: str) -> str:
    return repr(url.rpartition("@")[2])


def _bad(what: str, *, next_step: str = "Give --upstream as https://HOST[:PORT].") -> BadOption:
    return BadOption(what, effect="The gateway was not started.", next_step=next_step)
