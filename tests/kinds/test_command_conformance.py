"""The kind `command` keeps the contract: as programs of one's own over a shelf of files, and as a build over its record."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.app.state.protocol import StateVersion
from interlock.kinds.command.kind import CommandKind
from interlock.kinds.command.spec import CommandSettings
from interlock.testing.conformance import SECRET, Harness, KindConformance
from interlock.testing.world import environ, outside, secret

SHELF = Path(__file__).parent / "command" / "shelf.py"
ITEMS = {
    "one": {"bolt": {"size": 1}, "nut": {"size": 1}},
    "two": {"bolt": {"size": 2}, "nut": {"size": 1}, "washer": {"size": 3}},
}


class ShelfHarness(Harness):
    kind = CommandKind()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside = outside(folder)
        self.shelf = folder / "shelf"
        self.shelf.mkdir()
        self._more: dict[str, str] = {}

    def settings(self) -> CommandSettings:
        return CommandSettings(
            path="things",
            check=(sys.executable, "shelf.py", "check"),
            plan=(sys.executable, "shelf.py", "plan"),
            apply=(sys.executable, "shelf.py", "apply"),
            outputs=("count", "token"),
        )

    def write_source(self, root: Path, version: str) -> None:
        (root / "things").mkdir()
        shutil.copy(SHELF, root / "things" / "shelf.py")
        text = "{]" if version == "broken" else json.dumps(ITEMS[version])
        (root / "things" / "items.json").write_text(text)

    def contents(self) -> Any:
        return {place.stem: json.loads(place.read_text()) for place in sorted(self.shelf.glob("*.json"))}

    def writes(self) -> int:
        journal = self.shelf / "journal"
        return len(journal.read_text().splitlines()) if journal.exists() else 0

    def meddle(self) -> None:
        (self.shelf / "bolt.json").write_text(json.dumps({"size": 99, "token": SECRET}))

    def move_base(self) -> None:
        (self.shelf / "stranger.json").write_text(json.dumps({"size": 5, "token": SECRET}))

    def inputs(self) -> Mapping[str, Any]:
        return {"token": secret(self.outside, SECRET), "plain": [1, "two"]}

    def environ(self) -> Mapping[str, str]:
        return environ(SHELF=str(self.shelf), **self._more)

    def slow(self, seconds: float) -> None:
        self._more = {"SHELF_SLOW": str(seconds)} if seconds else {}

    def fail(self, failing: bool) -> None:
        self._more = {"SHELF_FAIL": "1"} if failing else {}


class BuildHarness(Harness):
    """A build whose world is its record in managed state and the stored bytes."""

    kind = CommandKind()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside = outside(folder)
        self._more: dict[str, str] = {}

    def settings(self) -> CommandSettings:
        program = (
            "import json, os, sys, time\n"
            "document = json.load(sys.stdin)\n"
            "open('app.txt', 'w').write('half')\n"
            "time.sleep(float(os.environ.get('SLOW', '0')))\n"
            "if os.environ.get('FAIL'): sys.exit('broken by ' + document['variables']['token'])\n"
            "text = open('app.in').read()\n"
            "open('app.txt', 'w').write('built ' + text)\n"
            "outputs = {'length': {'value': len(text)}, 'token': {'value': document['variables']['token'], 'sensitive': True}}\n"
            "json.dump({'protocol': 1, 'outputs': outputs}, open(os.environ['INTERLOCK_RESULT'], 'w'))\n"
        )
        return CommandSettings(
            path="app",
            apply=(sys.executable, "-c", program),
            check=(
                sys.executable,
                "-c",
                "import sys; sys.exit('no input' if not open('app.in').read().strip() else 0)",
            ),
            artifacts={"text": "app.txt"},
            outputs=("length", "token"),
        )

    def write_source(self, root: Path, version: str) -> None:
        (root / "app").mkdir()
        (root / "app" / "app.in").write_text("" if version == "broken" else f"version {version}\n")

    def document(self) -> dict[str, Any] | None:
        version = self.outside.states.current()
        return json.loads(version.data) if version else None

    def contents(self) -> Any:
        document = self.document()
        if document is None or document["current"] is None:
            return {}
        build = next(b for b in document["builds"] if b["key"] == document["current"])
        files = {
            name: self.outside.blobs.kept.get(blob["digest"], b"").decode() for name, blob in build["artifacts"].items()
        }
        return {"files": files, "outputs": build["outputs"]}

    def writes(self) -> int:
        return len(self.outside.states.versions)

    def meddle(self) -> None:
        document = self.document()
        assert document
        del self.outside.blobs.kept[document["builds"][0]["artifacts"]["text"]["digest"]]

    def move_base(self) -> None:
        document = self.document()
        assert document
        later = {**document, "serial": document["serial"] + 1}
        self.outside.states.versions.append(StateVersion(json.dumps(later).encode(), later["serial"], later["lineage"]))

    def inputs(self) -> Mapping[str, Any]:
        return {"token": secret(self.outside, SECRET)}

    def environ(self) -> Mapping[str, str]:
        return environ(**self._more)

    def slow(self, seconds: float) -> None:
        self._more = {"SLOW": str(seconds)} if seconds else {}

    def fail(self, failing: bool) -> None:
        self._more = {"FAIL": "1"} if failing else {}


class TestPrograms(KindConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        harness = ShelfHarness(tmp_path)
        yield harness
        harness.close()


class TestBuild(KindConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        harness = BuildHarness(tmp_path)
        yield harness
        harness.close()
