"""Two kinds of digest: plain SHA-256 for bytes we must find again unaltered, and keyed HMAC for values that may be secret.

A keyed digest is bound to the installation's key, so that a leaked database lets nobody guess a short password by hashing guesses.
"""

import hashlib
import hmac
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8, no NaN: equal values give equal bytes. Raises ValueError on NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Hex SHA-256, 64 characters."""
    return hashlib.sha256(data).hexdigest()


class Keyed:
    """HMAC-SHA-256 with the installation's key and a purpose, so that digests of one use are worthless in another."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the installation's key must have at least 32 bytes")
        self._key = key

    def __repr__(self) -> str:
        return "Keyed(…)"

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key of its own for `purpose` (blob encryption, audit chain, value digests ...)."""
        return hmac.new(self._key, b"interlock/derive/" + purpose.encode(), hashlib.sha256).digest()

    def digest(self, purpose: str, value: Any) -> str:
        """Hex HMAC, 64 characters, of the canonical JSON of `value`."""
        return hmac.new(self.derive(purpose), canonical(value), hashlib.sha256).hexdigest()
