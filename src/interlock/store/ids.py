"""Ids that people type: a prefix that says of what, and a number in Crockford's base 32 (`d-3f9k`).

Numbers grow by a random step of 1 to 31: ids of one kind sort by age, are unique because the database counts them, and a slip of one
character mostly names nothing rather than a neighbour. Four characters last for about 65,000 ids; then there are five.
"""

import secrets

from interlock.model.errors import NotFound, UsageError
from interlock.store.database import Tx

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
DEPLOYMENT, PLAN, RELEASE, APPROVAL = "d", "p", "r", "a"
_WHAT = {DEPLOYMENT: "deployment", PLAN: "plan", RELEASE: "release", APPROVAL: "approval"}
_TABLE = {DEPLOYMENT: "deployments", PLAN: "plans", RELEASE: "releases", APPROVAL: "approvals"}
_FIRST = 32**3  # the smallest number of four characters
_SEEN_AS = str.maketrans("oil", "011")  # what people read for what stands there


def new(tx: Tx, prefix: str) -> str:
    """An id that nothing else has, for a row that `tx` will insert."""
    return f"{prefix}-{encode(_FIRST + tx.next(f'id:{prefix}', 1 + secrets.randbelow(31)))}"


def encode(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = ALPHABET[rest] + digits
    return digits or "0"


def resolve(tx: Tx, prefix: str, text: str) -> str:
    """The full id that `text` begins, with or without `d-`, in any case.

    Raises NotFound when there is none, UsageError listing the candidates when there are several.
    """
    what = _WHAT[prefix]
    start = text.strip().lower().removeprefix(f"{prefix}-").translate(_SEEN_AS)
    if not start or any(c not in ALPHABET for c in start):
        raise NotFound(f"'{text}' is not the id of a {what}", hint=f"ids look like {prefix}-3f9k")
    table, exact = _TABLE[prefix], f"{prefix}-{start}"
    if tx.one(f"SELECT id FROM {table} WHERE id = :id", id=exact):
        return exact
    rows = tx.all(f"SELECT id FROM {table} WHERE id LIKE :start ORDER BY number DESC LIMIT 9", start=f"{exact}%")
    found = [str(row["id"]) for row in rows]
    if not found:
        raise NotFound(f"there is no {what} {text}", hint="`interlock history` lists what there is")
    if len(found) > 1:
        shown = ", ".join(sorted(found[:8])) + (", …" if len(found) > 8 else "")
        raise UsageError(f"'{text}' begins several {what}s: {shown}", hint="type one more character")
    return found[0]
