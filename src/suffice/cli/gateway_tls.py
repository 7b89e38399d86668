"""The certificate a gateway shows its clients, and whose certificates it accepts from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from suffice.errors import BadOption, GatewayNotStarted

if TYPE_CHECKING:
    import ssl

# As for gateway keys: a group may read what it was given to read.
_OTHERS = 0o027


def serving(cert: Path | None, key: Path | None, client_ca: Path | None) -> ssl.SSLContext | None:
    """
    How clients are served: by TLS where there is a certificate, else in the clear.

    TLS is 1.2 or newer, and 1.3 where clients must show a certificate.

    Args:
        cert: The certificate and what leads to its authority, in PEM.
        key: Its private key; None where the certificate's file holds it too.
        client_ca: Authorities whose certificates clients must show; None: they need none.

    Raises:
        BadOption: A key or an authority without a certificate.
        GatewayNotStarted: A file cannot be used, or others may read the private key.
    """
    if cert is None:
        if key is None and client_ca is None:
            return None
        raise BadOption(
            "--tls-key and --client-ca need --tls-cert.",
            effect="The gateway was not started.",
            next_step="Give the certificate too; without it nothing is encrypted.",
        )
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    show(context, cert, key)
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ValueError) as wrong:
            raise _unusable(client_ca, wrong) from wrong
        context.verify_mode = ssl.CERT_REQUIRED
        # Whoever resumes a session shows no certificate again: it may have expired since, or its
        # authority may have been taken back. TLS 1.2 resumes without tickets too.
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
    return context


def renew(context: ssl.SSLContext, cert: Path, key: Path | None, client_ca: Path | None) -> None:
    """
    Take certificate and authorities from their files again, for clients that connect from now on.

    Raises:
        GatewayNotStarted: One cannot be used, or others may read the key; those before stay.
    """
    if client_ca is None:
        show(context, cert, key)
        return
    fresh = serving(cert, key, client_ca)

    def choose(talk: ssl.SSLObject, *_: object) -> None:
        # A context forgets no authority, so each handshake goes on with the fresh one.
        if fresh is not None:
            talk.context = fresh

    context.sni_callback = choose


def show(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    """
    Show this certificate to clients that connect from now on.

    Raises:
        GatewayNotStarted: It cannot be used, or others may read the key; the one before stays.
    """
    _refuse_open(key if key is not None else cert)
    try:
        # Tried apart: half of a pair that does not fit would leave the context without either.
        for tried in (type(context)(context.protocol), context):
            # A key under a password would ask for it on a terminal nobody watches.
            tried.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as wrong:
        raise _unusable(cert, wrong) from wrong


def _unusable(cert: Path, wrong: Exception) -> GatewayNotStarted:
    said = getattr(wrong, "strerror", None) or str(wrong)
    return GatewayNotStarted(
        f"The certificate {cert} cannot be used: {said}.",
        effect="Nothing is served by it.",
        next_step="Give a certificate and its own key without a password, in PEM.",
    )


def _refuse_open(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError:
        return  # said when it is loaded
    if mode & _OTHERS:
        raise GatewayNotStarted(
            f"The private key {key} can be read by others.",
            effect="Nothing is served.",
            next_step=f"chmod 600 {key}",
        )
