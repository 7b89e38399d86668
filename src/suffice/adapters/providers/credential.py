"""A secret that can be sent, and cannot be seen."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from suffice.errors import MissingKey

MASK = "***"


class Credential:
    """
    What opens the API: sent in one header, shown nowhere.

    The provider takes a key in either header, so the header says nothing of what is in it.

    >>> Credential("sk-ant-abcdef")
    Credential(x-api-key: ***)
    """

    __slots__ = ("_header", "_secret")

    def __init__(
        self,
        secret: str,
        *,
        header: Literal["x-api-key", "authorization"] = "x-api-key",
        variable: str = "ANTHROPIC_API_KEY",
    ) -> None:
        """
        Keep a secret for one of the two headers.

        Args:
            secret: The key or token.
            header: Which header carries it.
            variable: Where it was read from, for messages.

        Raises:
            MissingKey: It is empty, or holds what no header can carry.
        """
        secret = secret.strip()
        if not secret or not secret.isascii() or not secret.isprintable():
            raise MissingKey(
                "The API key is empty." if not secret else "The API key holds illegal characters.",
                effect="Nobody was called.",
                next_step=f"Set {variable} to the key as the console shows it.",
            )
        self._secret = secret
        self._header = header

    def headers(self) -> dict[str, str]:
        """The one header that carries it."""
        if self._header == "authorization":
            return {"authorization": f"Bearer {self._secret}"}
        return {"x-api-key": self._secret}

    def scrub(self, text: str) -> str:
        """
        The text without the secret, wherever it was echoed.

        >>> Credential("sk-ant-abcdef").scrub("invalid key sk-ant-abcdef")
        'invalid key ***'
        """
        return text.replace(self._secret, MASK)

    @override
    def __repr__(self) -> str:
        return f"Credential({self._header}: {MASK})"

    @override
    def __reduce__(self) -> str:
        raise TypeError("a credential is not written anywhere")
