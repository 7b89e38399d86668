"""Where clients must show a certificate, each connection shows one that holds now."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from suffice.cli.gateway_tls import serving

ASK = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


class Client:
    """Connects with one certificate, and resumes what session it was given."""

    def __init__(self, authority: Path, pair: tuple[Path, Path]) -> None:
        self.context = ssl.create_default_context(cafile=authority)
        self.context.load_cert_chain(*pair)
        self.session: ssl.SSLSession | None = None
        self.reused: bool | None = None

    def is_served(self, port: int) -> bool:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), 30) as raw,
                self.context.wrap_socket(
                    raw, server_hostname="localhost", session=self.session
                ) as talk,
            ):
                talk.sendall(ASK)
                answer = talk.recv(1024)
                self.session, self.reused = talk.session, talk.session_reused
        except OSError:
            return False
        return answer.startswith(b"HTTP/1.1 200 ")


def of(certificates: Any, name: str) -> Client:
    return Client(certificates.authority(), certificates.of(name))


@pytest.fixture
def port(certificates: Any, upstream: Any, start_gateway: Any) -> int:
    """A gateway that serves clients of the authority only."""
    cert, key = certificates.of("server")
    tls = serving(cert, key, certificates.authority())
    started: int = start_gateway(upstream.url, tls=tls).port
    return started


def test_no_session_is_resumed(port: int, certificates: Any) -> None:
    client = of(certificates, "client")

    assert [(client.is_served(port), client.reused) for _ in range(3)] == [(True, False)] * 3


def test_tls_that_resumes_without_tickets_is_not_spoken(port: int, certificates: Any) -> None:
    client = of(certificates, "client")
    client.context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert not client.is_served(port)


def test_a_certificate_whose_time_is_over_is_refused(
    port: int, certificates: Any, tmp_path: Path
) -> None:
    over = tmp_path / "over.pem"
    subprocess.run(
        [
            *("openssl", "x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-set_serial", "99", "-days", "-1", "-extfile", "client.ext", "-out", str(over)),
        ],
        cwd=certificates.folder,
        check=True,
        capture_output=True,
    )

    assert not Client(certificates.authority(), (over, certificates.of("client")[1])).is_served(
        port
    )


def test_authorities_are_taken_back_by_a_hang_up(
    certificates: Any, start_process: Any, upstream: Any, tmp_path: Path
) -> None:
    """
    A file of authorities that cannot be used is told of, and those before stay.
    """
    cert, key = certificates.of("server")
    key.chmod(0o600)
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(certificates.authority().read_bytes())
    options = ("--tls-cert", str(cert), "--tls-key", str(key), "--client-ca", str(trusted))
    gateway = start_process(*options, upstream=upstream.url)
    port = int(gateway.url.rpartition(":")[2])
    client, stranger = of(certificates, "client"), of(certificates, "stranger")
    assert (client.is_served(port), stranger.is_served(port)) == (True, False)

    trusted.write_text("no authority")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("renewed", level="error")
    assert (client.is_served(port), stranger.is_served(port)) == (True, False)

    trusted.write_bytes(certificates.authority("other").read_bytes())
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("renewed", level="info")
    assert (client.is_served(port), stranger.is_served(port)) == (False, True)
