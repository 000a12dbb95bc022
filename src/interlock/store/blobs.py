"""Blobs: encrypted bytes found by the SHA-256 of what they say. Implements `world.Blobs`; obstore keeps them, in a folder now, in S3 and the like later.

A file is `version | nonce (12) | AES-256-GCM(plain or zlib)`, with version and digest as associated data: a file put in another's place does not
decrypt. Its name is an HMAC of the digest, so a listing tells nobody who knows a plan that we have it. Writing is idempotent: what is there and
whole is left alone, what is there and damaged is mended. In a folder, bytes are fsynced before they get their name, and the name after that.
"""

import os
import re
import secrets
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.model.digest import Keyed, sha256
from interlock.model.errors import ArtifactMismatch, Unavailable, UsageError
from interlock.model.plan import Blob
from interlock.store.durable import make_folder, sync_folder

if TYPE_CHECKING:
    from obstore.store import LocalStore

_PLAIN, _ZLIB = b"\x01", b"\x02"
_NONCE = 12
_LARGEST = 256 * 1024 * 1024
_SMALL = 512  # bytes below which compressing gains nothing


class BlobStore:
    """Safe to share between threads and processes. Nothing is imported or opened before the first use."""

    def __init__(self, folder: Path, keyed: Keyed) -> None:
        self._folder = folder
        self._keyed = keyed
        self._store: LocalStore | None = None
        self._cipher: Any = None

    def put(self, data: bytes) -> Blob:
        """Raises Unavailable when it cannot be written."""
        if len(data) > _LARGEST:
            raise UsageError(f"{len(data)} bytes are more than one blob may hold ({_LARGEST})", slug="blob-too-large")
        blob = Blob(sha256(data), len(data))
        if self._intact(blob):
            return blob
        packed = zlib.compress(data, 1) if len(data) >= _SMALL else data
        version, body = (_ZLIB, packed) if len(packed) < len(data) else (_PLAIN, data)
        nonce = secrets.token_bytes(_NONCE)
        self._write(
            self._name(blob), version + nonce + self._aes().encrypt(nonce, body, version + blob.digest.encode())
        )
        return blob

    def put_file(self, path: Path) -> Blob:
        """Reads the whole file, up to 256 MiB. Raises UsageError for a larger one."""
        size = path.stat().st_size
        if size > _LARGEST:
            raise UsageError(
                f"{path.name} has {size} bytes, more than one blob may hold ({_LARGEST})", slug="blob-too-large"
            )
        return self.put(path.read_bytes())

    def get(self, blob: Blob) -> bytes:
        """The bytes, proven to be those. Raises ArtifactMismatch when absent, altered or another's; Unavailable when the store does not answer."""
        stored = self._read(self._name(blob)) if re.fullmatch(r"[0-9a-f]{64}", blob.digest) else None
        if stored is None:
            raise ArtifactMismatch(
                f"the stored bytes {blob.digest[:12]} are not there",
                hint="plan again, or restore the blobs from a backup",
                slug="blob-absent",
            )
        data = self._open(blob, stored)
        if data is None:
            raise ArtifactMismatch(
                f"the stored bytes {blob.digest[:12]} are not what was stored",
                hint="plan again, or restore the blobs from a backup",
                slug="blob-altered",
            )
        return data

    def _intact(self, blob: Blob) -> bool:
        stored = self._read(self._name(blob))
        return stored is not None and self._open(blob, stored) is not None

    def _open(self, blob: Blob, stored: bytes) -> bytes | None:
        """None for anything but exactly the bytes that `blob` names."""
        from cryptography.exceptions import InvalidTag

        version, nonce, body = stored[:1], stored[1 : 1 + _NONCE], stored[1 + _NONCE :]
        if version not in (_PLAIN, _ZLIB) or len(nonce) != _NONCE:
            return None
        try:
            data: bytes = self._aes().decrypt(nonce, body, version + blob.digest.encode())
            if version == _ZLIB:
                data = zlib.decompressobj().decompress(data, blob.size + 1)
        except (InvalidTag, zlib.error):
            return None
        return data if len(data) == blob.size and sha256(data) == blob.digest else None

    def _name(self, blob: Blob) -> str:
        name = self._keyed.digest("blob-name", blob.digest)
        return f"{name[:2]}/{name[2:]}"

    def _aes(self) -> Any:
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._cipher = AESGCM(self._keyed.derive("blobs"))
        return self._cipher

    def _opened(self) -> "LocalStore":
        if self._store is None:
            from obstore.store import LocalStore

            make_folder(self._folder)
            self._store = LocalStore(self._folder)
        return self._store

    def _read(self, name: str) -> bytes | None:
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            return bytes(obstore.get(self._opened(), name).bytes())
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise _unavailable("read", error) from error

    def _write(self, name: str, data: bytes) -> None:
        import obstore
        from obstore.exceptions import BaseError

        store, beside = self._opened(), f"incoming/{secrets.token_hex(12)}"
        try:
            obstore.put(store, beside, data)
            with open(self._folder / beside, "rb") as file:
                os.fchmod(file.fileno(), 0o600)
                os.fsync(file.fileno())
            obstore.rename(store, beside, name)
            sync_folder((self._folder / name).parent)
            sync_folder(self._folder)
        except (BaseError, OSError) as error:
            raise _unavailable("written", error) from error


def _unavailable(what: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"the blob store cannot be {what}: {type(error).__name__}",
        hint="check the disk's free space and the folder's mode",
        slug="blobs-unavailable",
    )
