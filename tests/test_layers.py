"""The shape of the source: who may import whom, what a file may be called and how long it may be, and who may start programs.

The import contracts stand in pyproject.toml and are kept by import-linter; here it is run, and what it cannot see is looked for in the syntax tree.
"""

import ast
import functools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SOURCE = REPOSITORY / "src" / "interlock"
FILES = sorted(SOURCE.rglob("*.py"))
ALLOWED_LINES, MOST_LINES = 300, 500
#: Modules that start programs, and how. `guarded` starts the guard alone, which must not come from the place that it guards.
STARTERS = {"world/proc.py": "subprocess", "world/guarded.py": "os.posix_spawn"}
STARTING = re.compile(
    r"(subprocess|pty|multiprocessing|asyncio\.create_subprocess_\w+|concurrent\.futures\.ProcessPoolExecutor"
    r"|os\.(system|popen|fork\w*|exec\w+|spawn\w+|posix_spawn\w*)|loop\.subprocess_\w+)\b"
)


def name(file: Path) -> str:
    return str(file.relative_to(SOURCE))


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def docstring(file: Path) -> str:
    return ast.get_docstring(tree(file)) or ""


def shipped() -> list[Path]:
    return [file for file in FILES if not name(file).startswith("testing/")]


def contracts() -> list[dict[str, object]]:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, object]] = pyproject["tool"]["importlinter"]["contracts"]
    return found


def test_imports_keep_to_the_contracts() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=REPOSITORY, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_is_named_by_a_sentence() -> None:
    for contract in contracts():
        assert len(str(contract["name"]).split()) >= 5, contract["name"]


def test_every_kind_is_held_apart_from_its_siblings() -> None:
    kinds = sorted(folder.name for folder in (SOURCE / "kinds").iterdir() if (folder / "__init__.py").is_file())
    held = next(contract["modules"] for contract in contracts() if contract["type"] == "independence")
    assert held == ["interlock.kinds.*"] or sorted(held) == [f"interlock.kinds.{kind}" for kind in kinds]  # type: ignore[call-overload]


def test_files_are_short_and_one_that_is_not_says_why() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert [name(file) for file, lines in lengths.items() if lines > MOST_LINES] == []
    long = [file for file, lines in lengths.items() if lines > ALLOWED_LINES]
    assert [name(file) for file in long if "One file, because" not in docstring(file)] == []


def test_modules_are_named_for_what_they_hold_and_say_it() -> None:
    assert [name(file) for file in FILES if re.search(r"util|helper|manager|common|misc", file.stem)] == []
    assert [name(file) for file in FILES if tree(file).body and not docstring(file)] == []


def starts(file: Path) -> Iterator[str]:
    """What in the file could start a program, as dotted names."""
    for node in ast.walk(tree(file)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
        yield from (found[0] for text in names if (found := STARTING.match(text)))


def test_only_these_modules_start_programs() -> None:
    found = {name(file): sorted(set(starts(file))) for file in shipped()}
    assert {file: said for file, said in found.items() if said} == {file: [how] for file, how in STARTERS.items()}


def test_nothing_runs_a_shell() -> None:
    shells = [
        f"{name(file)}:{node.value.lineno}"
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.keyword) and node.arg == "shell" and ast.unparse(node.value) != "False"
    ]
    assert shells == []
