"""The installation's key: INTERLOCK_KEY, or a file made once under `$XDG_CONFIG_HOME/interlock/keys/`, apart from the data.

A home whose key is gone must not get a new one in silence: its plans and states could never be read again, and its audit chain would look
forged. So a key is made only for a home that holds nothing, and a fingerprint kept in the home refuses every other key from then on.
"""

import base64
import binascii
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from interlock.model.digest import Keyed
from interlock.model.errors import ConfigurationError, Corrupt, Location, Permanent, Problem
from interlock.store.durable import create_once, make_folder
from interlock.store.home import Home

_BYTES = 32


def load_key(home: Home, environ: Mapping[str, str]) -> Keyed:
    """The key of `home` (already prepared). Raises ConfigurationError (INTERLOCK_KEY malformed), Permanent (mode, vanished), Corrupt (another key)."""
    text = environ.get("INTERLOCK_KEY", "").strip()
    keyed = Keyed(_decode(text, "INTERLOCK_KEY")) if text else Keyed(_from_file(home))
    fingerprint = keyed.digest("key-id", home.identity)[:32].encode()
    if (
        not create_once(home.key_fingerprint, fingerprint + b"\n")
        and home.key_fingerprint.read_bytes().strip() != fingerprint
    ):
        source = "INTERLOCK_KEY" if text else str(home.key_file)
        raise Corrupt(
            f"the key in {source} is not the one that the data in {home.root} was written with",
            hint="bring the old key back, or point INTERLOCK_HOME at this key's data",
            slug="key-of-another",
        )
    return keyed


def _from_file(home: Home) -> bytes:
    key = _read(home.key_file)
    if key is None and home.exists:
        key = _read(home.key_file)  # again: another process may have made key and data since the first look
        if key is None:
            raise Permanent(
                f"the key {home.key_file} is gone, but {home.root} holds data that only it can read",
                hint="restore the key file, or set INTERLOCK_KEY",
                slug="key-vanished",
            )
    if key is None:
        make_folder(home.keys)
        create_once(home.key_file, base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
        key = _read(home.key_file)
    if key is None:
        raise Permanent(f"the key {home.key_file} was removed while it was made", slug="key-vanished")
    return key


def _read(path: Path) -> bytes | None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise Permanent(
                f"the key {path} can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}", slug="key-mode"
            )
        return _decode(path.read_text("ascii", errors="replace").strip(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Permanent(f"the key {path} cannot be read: {error.strerror}", slug="key-unreadable") from error


def _decode(text: str, source: str) -> bytes:
    """Hex or base64 (either alphabet) of at least 32 bytes. The error never shows the text."""
    try:
        key = bytes.fromhex(text) if re.fullmatch(r"[0-9A-Fa-f]+", text) else _base64(text)
        if len(key) >= _BYTES:
            return key
    except (ValueError, binascii.Error):
        pass  # told below, without the text
    raise ConfigurationError(
        (
            Problem(
                Location(source), "key-malformed", f"the key must be base64 or hex of at least {_BYTES} random bytes"
            ),
        ),
        hint="make one with: openssl rand -base64 32",
    )


def _base64(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True)
