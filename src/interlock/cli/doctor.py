"""`interlock doctor`: is everything here, and how is what is not mended."""

import os
import sys
from typing import TYPE_CHECKING

from interlock.cli.options import HERE, Json, Repository, print_json, verb
from interlock.model.errors import Exit

if TYPE_CHECKING:
    from interlock.app.doctoring import Finding

app = verb()


@app.command(
    help="Check the tools, the repository, the configuration, the data folder and its key, the database, the audit records, disk and clock, and say how "
    "to mend what is wrong. Changes nothing. Exit 0 when nothing failed, else 1."
)
def doctor(repository: Repository = HERE, json_: Json = False) -> int:
    from interlock.app.doctoring import Level, examine
    from interlock.cli.progress import Spinner

    with Spinner() as spinner:
        findings = examine(repository, os.environ, progress=spinner.update)
    broken = any(finding.level is Level.FAILED for finding in findings)
    if json_:
        checks = [{"check": f.check, "level": str(f.level), "what": f.what, "mend": f.mend} for f in findings]
        print_json({"type": "doctor", "version": 1, "ok": not broken, "checks": checks})
    else:
        _show(findings)
    return int(Exit.FAILED if broken else Exit.DONE)


def _show(findings: "tuple[Finding, ...]") -> None:
    from interlock.cli.terminal import look

    _, color, _ = look(sys.stdout)
    styles = {"ok": "32", "warning": "33", "failed": "1;31"}
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        level = str(finding.level)
        mark = f"\x1b[{styles[level]}m{level:<7}\x1b[0m" if color else f"{level:<7}"
        print(f"{mark}  {finding.check:<{width}}  {_clean(finding.what)}")
        if finding.mend:
            print(f"{'':7}  {'':<{width}}  → {_clean(finding.mend)}")
    counts = {level: sum(1 for f in findings if str(f.level) == level) for level in ("failed", "warning")}
    said = [f"{counts['failed']} failed"] * bool(counts["failed"])
    said += [f"{counts['warning']} warning{'' if counts['warning'] == 1 else 's'}"] * bool(counts["warning"])
    print(f"\n{', '.join(said) if said else 'Everything is here.'}")


def _clean(text: str) -> str:
    """One line that cannot act on a terminal: paths and messages hold what others named."""
    from interlock.render.line import clean

    return clean(" ".join(text.split()))
