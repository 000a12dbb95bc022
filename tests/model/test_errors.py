"""The one error tree: complete, each with a slug and an exit code; and what a problem says."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import interlock
from interlock.model import errors
from interlock.model.errors import ConfigurationError, Exit, InterlockError, Location, Problem, ToolFailed

from .cases import load

TREE: dict[str, dict[str, Any]] = load("errors")
SOURCE = Path(interlock.__file__).parent


def classes() -> dict[str, type[InterlockError]]:
    found = [InterlockError]
    for one in found:
        found += one.__subclasses__()
    return {one.__name__: one for one in found}


def test_the_table_has_every_class_of_the_file() -> None:
    here = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, InterlockError)}
    assert here == set(TREE)


def test_there_is_no_other_tree() -> None:
    """Read from the source, so that what nothing here imports counts too."""
    strangers = [
        f"{file.relative_to(SOURCE)}: {node.name}"
        for file in sorted(SOURCE.rglob("*.py"))
        if file != SOURCE / "model" / "errors.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).rpartition(".")[2] in TREE for base in node.bases)
    ]
    assert strangers == []


@pytest.mark.parametrize("name", TREE)
def test_each_class(name: str) -> None:
    one, said = classes()[name], TREE[name]
    assert (one.__bases__[0].__name__, one.slug, one.exit) == (said["parent"], said["slug"], said["exit"])
    assert isinstance(one.exit, Exit)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", one.slug)


def test_no_slug_is_given_twice() -> None:
    slugs = [one.slug for one in classes().values()]
    assert len(slugs) == len(set(slugs))


def test_the_docstring_shows_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = set(re.findall(r"\b[A-Z]\w+", errors.__doc__))
    assert set(TREE) <= drawn
    for name, code in re.findall(r"(\w+) .* exit (\d+)$", errors.__doc__, re.MULTILINE):
        assert TREE[name]["exit"] == int(code)


def test_exit_codes_are_these_and_no_others() -> None:
    assert {one.name: int(one) for one in Exit} == {
        "DONE": 0, "FAILED": 1, "CHANGES": 2, "BLOCKED": 3, "UNKNOWN": 4, "USAGE": 64, "CONFIGURATION": 78, "INTERRUPTED": 130,
    }  # fmt: skip


def test_no_error_ends_as_if_all_were_well() -> None:
    assert all(one.exit not in (Exit.DONE, Exit.CHANGES) for one in classes().values())


def test_an_error_has_a_message_a_hint_and_may_have_a_slug_of_its_own() -> None:
    error = errors.StalePlan("network moved", hint="plan again", slug="stale-serial")
    assert (str(error), error.message, error.hint, error.slug) == (
        "network moved",
        "network moved",
        "plan again",
        "stale-serial",
    )
    assert errors.StalePlan("x").slug == "stale-plan"
    assert errors.StalePlan("x").hint is None


def test_a_failed_tool_keeps_what_it_said() -> None:
    error = ToolFailed("tofu ended with 1", exit_code=1, output="Error: x")
    assert (error.exit_code, error.output, error.exit) == (1, "Error: x", Exit.FAILED)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("a.yaml"), "a.yaml"),
        (Location("a.yaml", 3), "a.yaml:3"),
        (Location("a.yaml", 3, 7), "a.yaml:3:7"),
        (Location("a.yaml", 0, 7), "a.yaml"),
    ],
)
def test_location(location: Location, text: str) -> None:
    assert str(location) == text


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "a.yaml:1:2: no such key."),
        ({"nearest": "path"}, "a.yaml:1:2: no such key. did you mean 'path'?"),
        ({"hint": "see the docs"}, "a.yaml:1:2: no such key. see the docs."),
        ({"hint": "see the docs!"}, "a.yaml:1:2: no such key. see the docs!"),
        (
            {"nearest": "path", "hint": "or leave it out"},
            "a.yaml:1:2: no such key. did you mean 'path'? or leave it out.",
        ),
        ({"value": "pth", "detail": "never shown here"}, "a.yaml:1:2: no such key."),
    ],
)
def test_problem(more: dict[str, str], text: str) -> None:
    assert str(Problem(Location("a.yaml", 1, 2), "unknown-key", "no such key", **more)) == text


def test_problems_are_sorted_by_place_and_all_told() -> None:
    places = [Location("b.yaml", 1), Location("a.yaml", 10), Location("a.yaml", 9), Location("a.yaml")]
    problems = tuple(Problem(place, "s", "m", value=value) for place in places for value in ("x", None))
    error = ConfigurationError(problems)
    assert [str(p.location) for p in error.problems[::2]] == ["a.yaml", "a.yaml:9", "a.yaml:10", "b.yaml:1"]
    assert str(error).count("\n") == len(problems) - 1
    assert error.exit is Exit.CONFIGURATION


def test_a_configuration_error_without_a_problem_is_a_defect() -> None:
    with pytest.raises(AssertionError):
        ConfigurationError(())
