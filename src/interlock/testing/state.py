"""A state store in a folder, for tests of kinds and of the state protocol: what the real store promises, without a database."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interlock.app.state.protocol import StateVersion


class FolderStateStore:
    """`versions` are all that were ever put, oldest first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock_file = folder / "lock.json"
        self._guard = threading.RLock()

    @property
    def versions(self) -> list[StateVersion]:
        files = sorted(self._folder.glob("*.tfstate"))
        return [_version(file.read_bytes()) for file in files]

    def current(self) -> StateVersion | None:
        with self._guard:
            files = sorted(self._folder.glob("*.tfstate"))
            return _version(files[-1].read_bytes()) if files else None

    def put(self, version: StateVersion, lock_id: str) -> None:
        with self._guard:
            (self._folder / "written-under").write_text(lock_id, encoding="utf-8")
            (self._folder / f"{version.serial:08d}.tfstate").write_bytes(version.data)

    def lock(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        with self._guard:
            held = self.holder()
            if held is not None and held["ID"] != info["ID"]:
                return held
            self._lock_file.write_text(json.dumps(dict(info)), encoding="utf-8")
            return None

    def unlock(self, lock_id: str | None) -> bool:
        with self._guard:
            held = self.holder()
            if held is not None and lock_id is not None and held["ID"] != lock_id:
                return False
            self._lock_file.unlink(missing_ok=True)
            return True

    def holder(self) -> Mapping[str, Any] | None:
        with self._guard:
            if not self._lock_file.exists():
                return None
            found: dict[str, Any] = json.loads(self._lock_file.read_text(encoding="utf-8"))
            return found


def _version(data: bytes) -> StateVersion:
    document = json.loads(data)
    return StateVersion(data, document["serial"], document["lineage"])
