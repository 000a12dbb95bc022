"""How long the program takes to start, against `python -c "import typer"`, without which no command line of its sort can be."""

import argparse
from collections.abc import Callable

from field import BIN, Comparison, alternate, laid, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    with laid(4) as field:
        field.run("interlock", "deploy")
        sides: dict[str, Callable[[], float]] = {
            "import typer": lambda: field.run(str(BIN / "python"), "-c", "import typer"),
            "--help": lambda: field.run("interlock", "--help"),
            "status": lambda: field.run("interlock", "status"),
        }
        for run in sides.values():
            run()
        taken = alternate(options.rounds, sides)
    bare = taken["import typer"]
    table(
        'Start, against python -c "import typer"',
        [
            Comparison("interlock --help", 1.5, taken["--help"], bare),
            Comparison("interlock status (4 components)", 2.5, taken["status"], bare),
        ],
    )


if __name__ == "__main__":
    main()
