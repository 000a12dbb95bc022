"""`interlock audit`: the record of who did what, and the proof that it is whole."""

from typing import Annotated, Any

import typer

from interlock.cli.options import HERE, Json, Person, Repository, open_project, print_json, verb
from interlock.model.errors import Exit, UsageError

app = verb("The record of who did what. Every change of Interlock's state leaves one, chained to the one before.")


@app.command(help="Show the newest records, newest first.")
def log(
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many at the most.", min=1, max=100000)] = 30,
    subject: Annotated[
        str, typer.Option("--subject", help="Only about this: a deployment, a step (ENV/COMPONENT) ...", metavar="TEXT")
    ] = "",
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.cli.tables import columns
    from interlock.render.line import clean

    store = open_project(repository).records()
    with store.database.read() as tx:
        records = store.audit.newest(tx, limit=limit, subject=subject)
    if json_:
        print_json({"type": "audit-log", "version": 1, "records": [vars(record) for record in records]})
    elif not records:
        print(f"There is no record{f' about {subject}' if subject else ''}.")
    else:
        rows = [
            [str(r.seq), r.at[:19].replace("T", " "), *map(clean, (r.actor, r.action, r.subject, _change(r)))]
            for r in records
        ]
        print(columns(rows, ["RECORD", "AT (UTC)", "WHO", "WHAT", "OF", ""]))
    return int(Exit.DONE)


@app.command(
    short_help="Prove that no record was changed or lost.",
    help="Prove that no record was changed, lost, moved or added, and that none is missing at the end. Exit 0: intact; 4: not, and what is wrong.",
)
def verify(repository: Repository = HERE, json_: Json = False) -> int:
    report = open_project(repository).records().audit.verify()
    if json_:
        print_json(_document("audit-verify", report))
    elif report.ok:
        print(f"Intact: {report.count} records, the newest is {report.head.seq} ({report.head.mac[:16]})")
    else:
        _faults(report)
        print("Find out who did it, and when.")
        if any(fault.kind in ("cut", "anchor") for fault in report.faults):
            print(
                "Nothing more is recorded, nor deployed, until a person accepts it: interlock audit accept --reason TEXT"
            )
    return int(Exit.DONE if report.ok else Exit.UNKNOWN)


@app.command(
    short_help="Accept the records as they stand, with a reason.",
    help="Accept the records as they stand, after a restored backup say, so that work can go on. What was wrong is kept in a new record, "
    "with your name and the reason; records that were altered stay so, and `verify` goes on naming them.",
)
def accept(
    reason: Annotated[str, typer.Option("--reason", help="Why the records are as they are.", metavar="TEXT")],
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    if not reason.strip():
        raise UsageError("records are accepted for a reason", hint='--reason "what happened"')
    project = open_project(repository, person)
    store, actor = project.records(), project.actor
    report = store.audit.verify()
    accepted = not report.ok
    if accepted:
        report = store.audit.reanchor(actor, reason.strip())
    if json_:
        print_json(_document("audit-accepted", report) | {"accepted": accepted, "person": actor})
    elif accepted:
        _faults(report)
        typer.echo(f"Accepted by {actor}: the chain goes on from record {report.head.seq}.", err=True)
    else:
        typer.echo("The records are intact: there is nothing to accept.", err=True)
    return int(Exit.DONE)


def _faults(report: Any) -> None:
    print(
        f"Not intact: {len(report.faults)} {'fault' if len(report.faults) == 1 else 'faults'} in {report.count} records"
    )
    for fault in report.faults[:50]:
        print(f"  {fault.seq:>6}  {fault.kind:<9}  {fault.message}")
    if len(report.faults) > 50:
        print(f"  ... and {len(report.faults) - 50} more (--json shows all)")


def _document(type_: str, report: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "version": 1,
        "intact": report.ok,
        "records": report.count,
        "head": vars(report.head),
        "faults": [vars(fault) for fault in report.faults],
    }


def _change(record: Any) -> str:
    """The plain values in a few words, digests cut: `state running → verified`. The whole is in --json."""
    old, new = _plain(record.before), _plain(record.after)
    parts = [
        f"{key} {old[key]} → {new[key]}" if key in old and old[key] != new.get(key) and key in new else f"{key} {value}"
        for key, value in {**old, **new}.items()
    ]
    reason = _plain(record.details).get("reason", "")
    text = ", ".join([*([f'"{reason}"'] if reason else []), *parts])
    return text if len(text) <= 90 else text[:89] + "…"


def _plain(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k): _short(v) for k, v in sorted(value.items()) if isinstance(v, str | int) and v not in ("", False)}


def _short(value: str | int) -> str:
    text = " ".join(str(value).split())
    return text[:12] if len(text) >= 32 and all(c in "0123456789abcdef" for c in text) else text
