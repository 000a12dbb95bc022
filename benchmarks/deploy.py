"""Deploying many stacks, against the same tool commands run by xargs: init, plan -out, show -json, apply, two stacks at a time.

Two comparisons: all of it new on both sides (an empty home; a fresh checkout, as a CI job has it), and a change of every stack where
each side keeps what it has (the kept init; a checkout that stays and is initialised again, as scripts do).
"""

import argparse
import shutil

from field import Comparison, Field, alternate, laid, table

COMMANDS = """tofu init -no-color >/dev/null
tofu plan -no-color -out=plan.bin >/dev/null
tofu show -no-color -json plan.bin >plan.json
tofu apply -no-color plan.bin >/dev/null"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with laid(options.stacks) as field:
        new = alternate(options.rounds, {"ours": lambda: ours_new(field), "bare": lambda: bare_new(field)})
        ours_new(field)
        own = dict(field.cloud.contents())
        changes = alternate(options.rounds, {"ours": lambda: ours_changed(field), "bare": lambda: bare_changed(field)})
        assert own, "nothing was deployed"
    table(
        f"Deploying {options.stacks} stacks, against init, plan, show and apply by xargs -P2",
        [
            Comparison("everything new", 1.10, new["ours"], new["bare"]),
            Comparison("a change of every stack", 1.10, changes["ours"], changes["bare"]),
        ],
    )


def ours_new(field: Field) -> float:
    shutil.rmtree(field.folder / "home", ignore_errors=True)
    field.cloud.restore([])
    seconds = field.run("interlock", "deploy")
    complete(field)
    return seconds


def bare_new(field: Field) -> float:
    field.cloud.restore([])
    checkout = field.copy("bare")
    seconds = field.xargs(COMMANDS, checkout)
    complete(field)
    return seconds


_changes = iter(range(1, 1_000_000))


def ours_changed(field: Field) -> float:
    """Every stack reads the file that changes."""
    text = f"change {next(_changes)}\n"
    (field.repository / "content.txt").write_text(text)
    field.run("git", "commit", "--quiet", "--all", "--message", text)
    seconds = field.run("interlock", "deploy")
    complete(field, text)
    return seconds


def bare_changed(field: Field) -> float:
    """On items of its own, in a collection beside."""
    checkout = field.folder / "bare-kept"
    if not checkout.exists():
        field.copy("bare-kept")
        for stack in field.names:
            file = checkout / "stacks" / stack / "main.tf"
            file.write_text(file.read_text().replace('"bench"', '"bare"'))
        field.xargs(COMMANDS, checkout)
    (checkout / "content.txt").write_text(f"change {next(_changes)}\n")
    return field.xargs(COMMANDS, checkout)


def complete(field: Field, text: str = "") -> None:
    """A run that did not do its work is no measurement."""
    items = field.cloud.items("bench")
    assert len(items) == 2 * len(field.names), f"{len(items)} items of {len(field.names)} stacks"
    if text:
        assert all(item.written["content"] in (text, None) for item in items), "not every stack was changed"


if __name__ == "__main__":
    main()
