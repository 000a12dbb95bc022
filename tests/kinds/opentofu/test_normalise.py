"""`show -json` → changes. Each case is a file in plans/: a document that a real tool gave (some bent by hand, and saying so) and what we make of it."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from interlock.kinds.opentofu.normalise import Shown, normalise
from interlock.kinds.opentofu.undo import with_undo
from interlock.model.change import masked
from interlock.model.errors import Location, ToolFailed

CASES = sorted((Path(__file__).parent / "plans").glob("*.json"))


class Masker:
    """The masking of world.secrets, with a digest that anybody can make: cases must be readable."""

    def __init__(self, registered: list[str]) -> None:
        self.registered = registered

    def mask(self, value: Any) -> dict[str, Any]:
        return masked(hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8])

    def scrub(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value) if any(secret in value for secret in self.registered) else value
        if isinstance(value, dict):
            return {key: self.scrub(item) for key, item in value.items()}
        return [self.scrub(item) for item in value] if isinstance(value, list) else value


def plain(shown: Shown, protected: dict[str, Location]) -> dict[str, Any]:
    """As JSON, without what is as by default."""

    def short(value: Any) -> dict[str, Any]:
        document = json.loads(json.dumps(asdict(value)))
        return {k: v for k, v in document.items() if v not in (None, "", [], False, "restorable")}

    return {
        "changes": [short(one) for one in with_undo(shown.changes, protected)],
        "outputs": [short(one) for one in shown.outputs],
        "found": [short(one) for one in shown.found],
        "sensitive": sorted(shown.sensitive),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path) -> None:
    given = json.loads(case.read_text(encoding="utf-8"))
    protected = {address: Location("main.tf", line) for address, line in given.get("protected", {}).items()}
    if "error" in given:
        with pytest.raises(ToolFailed) as raised:
            normalise(given["document"], Masker([]))
        assert {"slug": raised.value.slug, "message": raised.value.message} == given["error"]
        return
    found = plain(normalise(given["document"], Masker(given.get("secrets", []))), protected)
    assert found == given["expect"]
    told = json.dumps(found["changes"] + found["outputs"] + found["found"])
    for secret in [*given.get("secrets", []), *given["expect"]["sensitive"]]:
        assert secret not in told


def test_there_are_cases_of_every_action() -> None:
    text = "".join(case.read_text(encoding="utf-8") for case in CASES)
    for action in ("create", "update", "replace", "delete", "move", "import", "forget", "read"):
        assert f'"action": "{action}"' in text
    assert len(CASES) >= 20
