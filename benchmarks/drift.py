"""Looking for drift in many stacks, against the bare loop of init and `plan -detailed-exitcode` in a fresh checkout, two at a time.

Cold: nothing kept by Interlock from before but its records. Warm: the second time, with each stack's init kept.
"""

import argparse
import shutil

from field import Comparison, Field, alternate, laid, table

LOOP = """tofu init -no-color >/dev/null
tofu plan -no-color -detailed-exitcode >/dev/null"""
APPLY = "tofu init -no-color >/dev/null; tofu apply -no-color -auto-approve >/dev/null"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with laid(options.stacks) as field:
        field.run("interlock", "deploy")
        checkout = field.copy("bare")
        for stack in field.names:
            file = checkout / "stacks" / stack / "main.tf"
            file.write_text(file.read_text().replace('"bench"', '"bare"'))
        field.xargs(APPLY, checkout)
        sides = {
            "cold": lambda: cold(field),
            "bare": lambda: bare(field),
            "warm": lambda: warm(field),
        }
        taken = alternate(options.rounds, sides)
    table(
        f"Drift of {options.stacks} stacks, against init and plan -detailed-exitcode by xargs -P2",
        [
            Comparison("cold", 1.05, taken["cold"], taken["bare"]),
            Comparison("warm", 0.70, taken["warm"], taken["bare"]),
        ],
    )


def cold(field: Field) -> float:
    for kept in KEPT:
        shutil.rmtree(field.folder / "home" / kept, ignore_errors=True)
    return field.run("interlock", "drift")


def warm(field: Field) -> float:
    field.run("interlock", "drift")
    return field.run("interlock", "drift")


def bare(field: Field) -> float:
    """A fresh checkout has no init, but its state."""
    for stack in field.names:
        place = field.folder / "bare" / "stacks" / stack
        shutil.rmtree(place / ".terraform")
        (place / ".terraform.lock.hcl").unlink()
    return field.xargs(LOOP, field.folder / "bare")


KEPT = ("work",)

if __name__ == "__main__":
    main()
