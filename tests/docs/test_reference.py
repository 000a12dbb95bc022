"""The reference is complete and as the code is: commands, settings, exit codes, kinds."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from interlock.app.build import kinds
from interlock.cli.main import VERBS
from interlock.config import reference
from interlock.model.errors import Exit

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "docs" / "reference"


@pytest.fixture(scope="module")
def docs() -> dict[str, Any]:
    return runpy.run_path(str(REPOSITORY / "script" / "docs.py"), run_name="docs")


def read(page: str) -> str:
    return (REFERENCE / page).read_text(encoding="utf-8")


def test_pages_are_as_the_code_is(docs: dict[str, Any]) -> None:
    assert sorted(docs["outdated"]()) == [], "run `make docs`"


def test_a_page_that_was_edited_by_hand_is_out_of_date(docs: dict[str, Any], tmp_path: Path) -> None:
    for name in docs["PAGES"]:
        (tmp_path / name).write_text(read(name).replace("0", "O", 1))
    docs["outdated"].__globals__["REFERENCE"] = tmp_path
    try:
        assert sorted(docs["outdated"]()) == sorted(docs["PAGES"])
    finally:
        docs["outdated"].__globals__["REFERENCE"] = REFERENCE


def test_every_command_is_documented() -> None:
    sections = re.findall(r"^## interlock (\S+)$", read("cli.md"), re.MULTILINE)
    assert sections == list(VERBS)


def test_every_setting_is_documented() -> None:
    page = read("configuration.md")
    missing = [f"{row.file}: {row.key}" for row in reference.rows(kinds()) if f"| `{row.key}` |" not in page]
    assert missing == []


def test_every_exit_code_is_documented_with_a_meaning() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| \S+ \| (.{20,}) \|$", read("exit-codes.md"), re.MULTILINE))
    assert [int(code) for code in rows] == [int(code) for code in Exit]


def test_every_kind_is_documented() -> None:
    page = read("kinds.md")
    for name in kinds():
        assert f"## {name}\n" in page, f"docs/reference/kinds.md has no section on the kind {name}"
