"""Every INTERLOCK_ variable that the program knows stands in the reference."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_variable_is_documented():
    page = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src/interlock").rglob("*.py")))
    known = set(re.findall(r"\bINTERLOCK_[A-Z]+(?:_[A-Z]+)*\b", code)) - {"INTERLOCK_EOT"}  # a heredoc's mark, no variable
    assert known, "the pattern finds nothing any more"
    assert sorted(name for name in known if f"`{name}`" not in page) == []
