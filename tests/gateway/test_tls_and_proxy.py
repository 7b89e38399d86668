"""TLS on both sides, checked for real, and the way out through a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from suffice.cli.gateway_tls import serving
from suffice.errors import BadOption, GatewayNotStarted
from suffice.gateway.addresses import verifying
from suffice.gateway.proxying import choose_proxy, is_exempt, read_proxy

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SENTINEL = "pr0xy-s3cret"


class Listening:
    """A server in a thread that says one thing to each connection."""

    def __init__(self) -> None:
        self.port = 0
        self.heads: list[bytes] = []


Serve = Callable[..., Listening]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an HTTP(S) server, or a CONNECT proxy."""
    with contextlib.ExitStack() as stack:

        def begin(
            tls: ssl.SSLContext | None = None, *, proxy: bool = False, status: bytes = b"200 OK"
        ) -> Listening:
            found = Listening()
            loop = asyncio.new_event_loop()
            loop.set_exception_handler(lambda *_: None)  # refused handshakes are the point

            async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                with (
                    contextlib.closing(writer),
                    contextlib.suppress(
                        asyncio.IncompleteReadError, OSError, asyncio.CancelledError
                    ),
                ):
                    while True:
                        head = await reader.readuntil(b"\r\n\r\n")
                        found.heads.append(head)
                        if not proxy:
                            writer.write(ANSWER)
                            continue
                        writer.write(b"HTTP/1.1 %b\r\n\r\n" % status)
                        if status.startswith(b"2"):
                            await _tunnel(head, reader, writer)
                        return

            async def start() -> asyncio.Server:
                return await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=tls)

            thread = threading.Thread(target=loop.run_forever, daemon=True)
            thread.start()
            server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
            found.port = server.sockets[0].getsockname()[1]

            def end() -> None:
                async def close() -> None:
                    server.close()
                    left = asyncio.all_tasks() - {asyncio.current_task()}
                    for task in left:
                        task.cancel()
                    await asyncio.gather(*left, return_exceptions=True)
                    await asyncio.sleep(0.05)

                asyncio.run_coroutine_threadsafe(close(), loop).result(60)
                loop.call_soon_threadsafe(loop.stop)
                thread.join(10)
                loop.close()

            stack.callback(end)
            return found

        yield begin


async def _tunnel(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = head.split(b" ")[1].decode().rpartition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65536):
                sink.write(piece)
            sink.close()

    with contextlib.closing(far_writer):
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


def _get(url: str, *, tls: ssl.SSLContext | None = None) -> tuple[int, bytes, str]:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
    )
    try:
        with opener.open(url + "/v1/models", timeout=60) as answer:
            return answer.status, answer.read(), answer.headers.get("x-suffice-reason", "")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), refused.headers.get("x-suffice-reason", "")


def _server_tls(certificates: Any, name: str = "server") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificates.of(name))
    return context


# -- out ----------------------------------------------------------------------------------------


def test_an_upstream_of_ones_own_authority_is_trusted_where_that_is_said(
    certificates: Any, serve: Serve, start_gateway: Any
) -> None:
    upstream = serve(_server_tls(certificates))
    gateway = start_gateway(
        f"https://localhost:{upstream.port}", upstream_tls=verifying(certificates.authority())
    )

    assert _get(gateway.url)[:2] == (200, b"ok")


@pytest.mark.parametrize(
    ("name", "authority"),
    [("server", None), ("stranger", "ca"), ("elsewhere", "ca")],
    ids=["unknown authority", "another authority", "another host's certificate"],
)
def test_an_upstream_that_cannot_prove_itself_hears_nothing(
    certificates: Any, serve: Serve, start_gateway: Any, name: str, authority: str | None
) -> None:
    upstream = serve(_server_tls(certificates, name))
    trusted = certificates.authority(authority) if authority else None
    gateway = start_gateway(f"https://localhost:{upstream.port}", upstream_tls=verifying(trusted))

    assert _get(gateway.url)[::2] == (502, "upstream connect")
    assert upstream.heads == []
    assert "certificate refused" in gateway.told.getvalue()


def test_a_file_without_authorities_is_refused(tmp_path: Any) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(BadOption):
        verifying(tmp_path / "ca.pem")


@pytest.mark.parametrize("proxy_tls", [False, True])
@pytest.mark.parametrize("upstream_tls", [False, True])
def test_requests_leave_by_a_proxy_that_sees_only_the_tunnel(
    certificates: Any, serve: Serve, start_gateway: Any, proxy_tls: bool, upstream_tls: bool
) -> None:
    context = _server_tls(certificates)
    upstream = serve(context if upstream_tls else None)
    proxy = serve(context if proxy_tls else None, proxy=True)
    scheme = "https" if proxy_tls else "http"
    gateway = start_gateway(
        f"{'https' if upstream_tls else 'http'}://localhost:{upstream.port}",
        upstream_tls=verifying(certificates.authority()),
        proxy=read_proxy(f"{scheme}://user:{SENTINEL}@localhost:{proxy.port}"),
    )

    assert [_get(gateway.url)[:2] for _ in range(2)] == [(200, b"ok")] * 2
    (asked,) = proxy.heads
    assert asked.startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % upstream.port)
    assert b"Proxy-Authorization: Basic " in asked
    assert not [head for head in upstream.heads if b"roxy" in head]


def test_a_proxys_refusal_is_told_without_its_credential(serve: Serve, start_gateway: Any) -> None:
    proxy = serve(proxy=True, status=b"407 Who are you")
    chosen = read_proxy(f"http://user:{SENTINEL}@127.0.0.1:{proxy.port}")
    gateway = start_gateway("http://127.0.0.1:9", proxy=chosen)

    assert _get(gateway.url)[::2] == (502, "upstream connect")
    assert "the proxy answered 407 to CONNECT" in gateway.told.getvalue()
    assert SENTINEL not in gateway.told.getvalue() + repr(chosen)


@pytest.mark.parametrize(
    "said", [b"SSH-2.0\r\n\r\n", b"200\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nmore"]
)
def test_a_proxy_that_is_none_is_no_way_out(start_gateway: Any, serve: Serve, said: bytes) -> None:
    proxy = serve(proxy=True, status=said)
    if said.startswith(b"HTTP"):
        proxy = serve(proxy=True, status=b"200 OK\r\n\r\nmore")
    gateway = start_gateway(
        "http://127.0.0.1:9", proxy=read_proxy(f"http://127.0.0.1:{proxy.port}")
    )

    assert _get(gateway.url)[::2] == (502, "upstream connect")


@pytest.mark.parametrize(
    ("said", "environ", "found"),
    [
        (None, {}, None),
        (None, {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        (None, {"https_proxy": "p:1"}, "http://p:1"),
        (None, {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        (None, {"HTTP_PROXY": "http://p:1"}, None),
        (None, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x,anthropic.com"}, None),
        (None, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("http://q:2", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "http://q:2"),
        ("direct", {"HTTPS_PROXY": "http://p:1"}, None),
    ],
)
def test_what_is_said_wins_over_the_environment(
    said: str | None, environ: dict[str, str], found: str | None
) -> None:
    proxy = choose_proxy(said, environ, host="api.anthropic.com", port=443, tls=True)

    assert (proxy.shown if proxy else None) == found


@pytest.mark.parametrize("said", ["socks5://p:1", "http://p:99999", "http://p/path", "http://"])
def test_what_is_no_proxy_is_refused(said: str) -> None:
    with pytest.raises(BadOption):
        choose_proxy(said, {}, host="h", port=443, tls=True)


def test_a_credential_of_the_proxy_may_not_stand_where_others_read_it() -> None:
    with pytest.raises(BadOption) as refused:
        choose_proxy(f"http://u:{SENTINEL}@p:1", {}, host="h", port=443, tls=True)

    assert SENTINEL not in str(refused.value)


@pytest.mark.parametrize(
    ("listed", "host", "exempt"),
    [
        ("corp.example", "corp.example", True),
        ("corp.example", "api.corp.example", True),
        (".corp.example", "api.corp.example", True),
        ("*.corp.example", "api.corp.example", True),
        ("corp.example", "evilcorp.example", False),
        ("corp.example:8443", "corp.example", False),
        ("10.0.0.0/8, ::1", "10.9.9.9", True),
        ("10.0.0.0/8, ::1", "::1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        (",, ,", "h", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_networks(listed: str, host: str, exempt: bool) -> None:
    assert is_exempt(host, 443, listed) is exempt


# -- in -----------------------------------------------------------------------------------------


def _gateway_tls(certificates: Any, *, clients: bool = False) -> ssl.SSLContext:
    cert, key = certificates.of("server")
    found = serving(cert, key, certificates.authority() if clients else None)
    assert found is not None
    return found


def _client_tls(certificates: Any, *, shows: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.authority())
    if shows:
        context.load_cert_chain(*certificates.of(shows))
    return context


def test_clients_speak_tls_to_the_gateway(
    certificates: Any, upstream: Any, start_gateway: Any
) -> None:
    gateway = start_gateway(upstream.url, tls=_gateway_tls(certificates))

    assert _get(gateway.url, tls=_client_tls(certificates))[0] == 200
    with pytest.raises(urllib.error.URLError):  # who does not know our authority turns away
        _get(gateway.url, tls=ssl.create_default_context())


@pytest.mark.parametrize(
    ("shows", "served"), [("client", True), (None, False), ("stranger", False)]
)
def test_with_mutual_tls_only_clients_of_the_authority_are_served(
    certificates: Any, upstream: Any, start_gateway: Any, shows: str | None, served: bool
) -> None:
    tls = _gateway_tls(certificates, clients=True)
    gateway = start_gateway(upstream.url, tls=tls)

    if served:
        assert _get(gateway.url, tls=_client_tls(certificates, shows=shows))[0] == 200
        return
    with pytest.raises(OSError):
        _get(gateway.url, tls=_client_tls(certificates, shows=shows))
    assert upstream.asked == []


def test_an_old_version_of_tls_is_refused(
    certificates: Any, upstream: Any, start_gateway: Any
) -> None:
    gateway = start_gateway(upstream.url, tls=_gateway_tls(certificates))
    old = _client_tls(certificates)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1

    with pytest.raises(OSError):
        _get(gateway.url, tls=old)


@pytest.mark.parametrize("given", ["certificate without key", "authority alone", "key of another"])
def test_half_of_a_certificate_does_not_start(certificates: Any, given: str) -> None:
    cert = certificates.of("server")[0]
    words = {
        "certificate without key": (cert, None, None),
        "authority alone": (None, None, certificates.authority()),
        "key of another": (cert, certificates.of("client")[1], None),
    }[given]

    with pytest.raises((BadOption, GatewayNotStarted)):
        serving(*words)


def test_a_certificate_replaced_on_disk_is_shown_after_a_hang_up(
    certificates: Any, start_process: Any, tmp_path: Any
) -> None:
    """
    One that cannot be used is told of, and the one before stays.
    """
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def put(name: str, *, key_of: str | None = None) -> None:
        cert.write_bytes(certificates.of(name)[0].read_bytes())
        key.write_bytes(certificates.of(key_of or name)[1].read_bytes())
        key.chmod(0o600)

    def shown() -> str:
        port = int(gateway.url.rpartition(":")[2])
        context = ssl.create_default_context(cafile=certificates.authority())
        context.check_hostname = False
        with (
            socket.create_connection(("127.0.0.1", port), 5) as raw,
            context.wrap_socket(raw) as talk,
        ):
            found: Any = talk.getpeercert()
            return str(found["subject"][0][0][1])

    put("server")
    gateway = start_process("--tls-cert", str(cert), "--tls-key", str(key))
    assert shown() == "server"
    put("elsewhere", key_of="server")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("renewed", level="error")
    assert shown() == "server"
    put("elsewhere")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("renewed", level="info")
    assert shown() == "elsewhere"
