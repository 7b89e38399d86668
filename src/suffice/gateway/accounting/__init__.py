"""What an answer used, read in passing while its bytes go to the client."""

from suffice.gateway.accounting.fingerprint import fingerprint, fingerprint_secret
from suffice.gateway.accounting.reader import READABLE_ENCODINGS, ExchangeReader, Reading

__all__ = [
    "READABLE_ENCODINGS",
    "ExchangeReader",
    "Reading",
    "fingerprint",
    "fingerprint_secret",
]
