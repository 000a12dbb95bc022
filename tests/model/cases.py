"""Cases from `cases/NAME.yaml`: lists of mappings, each with `it`, a sentence that names the test."""

from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent / "cases"


def load(name: str) -> Any:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def each(name: str, part: str) -> pytest.MarkDecorator:
    """Parametrizes `case` with the cases listed under `part`; a list that is empty or says a thing twice is an error."""
    found = load(name)[part]
    names = [case["it"] for case in found]
    assert names, f"no cases {part} in {name}"
    assert len(set(names)) == len(names), f"two cases of {name} have one name"
    return pytest.mark.parametrize("case", found, ids=names)
