"""Every dependency has a row in docs/dependencies.md, with the licence that the package itself names."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
#: How a package's own words are written in the table.
SPELLED = {"MIT License": "MIT", "BSD 2-Clause License": "BSD-2-Clause"}


def test_the_table_has_each_dependency_once_with_its_licence() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = [re.match(r"[\w.-]+", one)[0] for one in asked]  # type: ignore[index]
    page = (REPOSITORY / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([\w.-]+) \| ([^|]+) \| [\d.]+ MB \|", page, re.MULTILINE)
    assert sorted(name.lower() for name, _ in rows) == sorted(name.lower() for name in names)
    wrong = {name: licence for name, licence in rows if licence != licence_of(name)}
    assert wrong == {}


def licence_of(name: str) -> str:
    """From the expression, the text or, the oldest way, the classifiers of its metadata."""
    metadata = distribution(name).metadata
    classified = [one.rpartition(" :: ")[2] for one in metadata.get_all("Classifier") or [] if "License ::" in one]
    said = metadata.get("License-Expression") or metadata.get("License") or ", ".join(classified)
    return next((short for words, short in SPELLED.items() if said.startswith(words)), said)
