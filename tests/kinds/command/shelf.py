"""A deployable world for tests, and an example of the protocol: `items.json` says what should stand on a shelf, a folder of files.

Each item is one file, NAME.json: what the item says plus the token that came as a variable. Every write is a line in the shelf's journal.
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    verb = sys.argv[1]
    document = json.load(sys.stdin)
    assert document["protocol"] == 1
    assert document["verb"] == verb
    result = {"check": check, "plan": plan, "apply": apply, "undo": apply}[verb](document)
    Path(os.environ["INTERLOCK_RESULT"]).write_text(json.dumps({"protocol": 1, **result}))


def check(document: dict) -> dict:
    try:
        json.loads(Path("items.json").read_text())
    except ValueError as error:
        return {"problems": [{"file": "items.json", "line": error.lineno, "column": error.colno, "message": error.msg}]}
    return {"problems": []}


def plan(document: dict) -> dict:
    found, wanted = standing(), {}
    if document["target"] == "spec":
        token = document["variables"].get("token", "")
        items = json.loads(Path("items.json").read_text())
        wanted = {name: {**item, **text_of(item, document), "token": token} for name, item in items.items()}
    changes = []
    for name in sorted({*found, *wanted}, reverse=True):  # not in order, on purpose
        before, after = found.get(name), wanted.get(name)
        action = "create" if before is None else "delete" if after is None else "none" if before == after else "update"
        change = {
            "address": name,
            "action": action,
            "type": "item",
            "before": before,
            "after": after,
            "undo": "restorable",
        }
        changes.append({**change, "sensitive_paths": [["token"]]})
    count = {"before": len(found) or None, "after": len(wanted) or None}
    return {
        "target": document["target"],
        "changes": changes,
        "base": {"shelf": hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()},
        "empty": not found,
        "outputs": {"count": count, "token": {**count_token(found, wanted), "sensitive": True}},
    }


def text_of(item: dict, document: dict) -> dict:
    """The text "@NAME" stands for the content of the file that the variable NAME leads to."""
    text = item.get("text", "")
    return {"text": Path(document["variables"][text[1:]]).read_text()} if text.startswith("@") else {}


def count_token(found: dict, wanted: dict) -> dict:
    def first(items: dict) -> str | None:
        return next((items[name]["token"] for name in sorted(items)), None)

    return {"before": first(found), "after": first(wanted)}


def apply(document: dict) -> dict:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    done = []
    for change in sorted(document["plan"]["changes"], key=lambda c: c["address"]):
        if change["action"] == "none":
            continue
        place = shelf() / f"{change['address']}.json"
        if change["action"] == "delete":
            place.unlink()
        else:
            place.write_text(json.dumps(change["after"]))
        with (shelf() / "journal").open("a") as journal:
            journal.write(f"{change['action']} {change['address']}\n")
        done.append(change["address"])
        print(f"{change['action']} {change['address']}", flush=True)
        time.sleep(float(os.environ.get("SHELF_SLOW", "0")))
        if os.environ.get("SHELF_FAIL"):
            print(f"the shelf broke; the token was {document['variables'].get('token')}", file=sys.stderr)
            sys.exit(3)
    found = standing()
    outputs = {}
    if document["target"] == "spec":
        token = count_token({}, found)["after"]
        outputs = {"count": {"value": len(found)}, "token": {"value": token, "sensitive": True}}
    return {"done": done, "outputs": outputs}


def standing() -> dict:
    return {place.stem: json.loads(place.read_text()) for place in sorted(shelf().glob("*.json"))}


def shelf() -> Path:
    return Path(os.environ["SHELF"])


main()
