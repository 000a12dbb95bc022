"""Every malformed configuration is told whole: each problem with its place, its slug and its words, and nothing else."""

import datetime
from pathlib import Path

import pytest
import yaml
from config_cases import HERE, tree_of
from config_kinds import KINDS

from interlock.config.load import load
from interlock.model.errors import ConfigurationError, Exit

CASES = sorted((HERE / "malformed").glob("*.yaml"))
TODAY = datetime.date(2026, 1, 1)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_malformed(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    with pytest.raises(ConfigurationError) as caught:
        load(tree_of(case), KINDS, TODAY)
    told = [
        {"at": str(p.location), "slug": p.slug, "says": p.message, **({"nearest": p.nearest} if p.nearest else {})}
        for p in caught.value.problems
    ]
    assert told == case["problems"]
    assert caught.value.exit == Exit.CONFIGURATION == 78
    text = str(caught.value)
    assert "planted" not in text, "an error shows what may be a secret"
    for problem in caught.value.problems:
        assert problem.location.line > 0 or problem.slug == "file-missing"
        assert "planted" not in (problem.value or "")


def test_the_valid_files_have_no_problem() -> None:
    assert load(tree_of({}), KINDS, TODAY).warnings == ()
