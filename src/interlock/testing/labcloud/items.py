"""The items a lab cloud holds, as values, and the rules of what a client may write into them. No I/O.

Written attributes are the client's and come back as they were sent; generated ones (id, revision, token) are the server's. The
endpoint is not kept: it follows from the address the server has now.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Attributes = Mapping[str, Any]

TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "size": int,
    "labels": dict,
    "content": str,
    "zone": str,
    "secret": str,
    "healthy": bool,
    "settings": dict,
}
SENSITIVE = ("secret", "token")


class Refused(Exception):
    """The server's no: `status` is the HTTP status, the text goes to the client as it is."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Item:
    """`written` has every key of TYPES, None where the client set nothing. `revision` starts at 1."""

    id: str
    collection: str
    written: Attributes
    revision: int = 1
    token: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return str(self.written["name"])

    def document(self, base_url: str) -> dict[str, Any]:
        """The form on the wire, endpoint included."""
        made = {"id": self.id, "collection": self.collection, "revision": self.revision, "token": self.token}
        return {**self.written, **made, "endpoint": f"{base_url}/serve/{self.id}"}

    def record(self) -> dict[str, Any]:
        """The form in the journal: all but the endpoint."""
        return {
            "id": self.id,
            "collection": self.collection,
            "revision": self.revision,
            "token": self.token,
            **self.written,
        }


def from_record(record: Attributes) -> Item:
    return Item(
        id=record["id"],
        collection=record["collection"],
        revision=record["revision"],
        token=record["token"],
        written={key: record[key] for key in TYPES},
    )


def create(collection: str, body: object) -> Item:
    """A new item with a server-made id and token. Raises Refused (422)."""
    return Item(
        id=f"i-{secrets.token_hex(5)}",
        collection=collection,
        written=_checked(body),
        token=f"tok-{secrets.token_hex(12)}",
    )


def update(item: Item, body: object) -> Item:
    """`item` with all written attributes taken from `body` and the next revision. Raises Refused: 422, 409 for another zone."""
    written = _checked(body)
    if written["zone"] != item.written["zone"]:
        raise Refused(409, f"item {item.id}: zone cannot be changed, only chosen when the item is created")
    return replace(item, written=written, revision=item.revision + 1)


def edit(item: Item, changes: Attributes) -> Item:
    """`item` changed behind everybody's back: any attribute, zone and generated ones too; the revision rises unless it is set."""
    made = {key: changes[key] for key in ("revision", "token") if key in changes}
    written = {**item.written, **{key: value for key, value in changes.items() if key not in made}}
    return replace(item, **{"revision": item.revision + 1, **made, "written": _checked(written)})


def _checked(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(422, "an item is a JSON object")
    if unknown := sorted(set(body) - set(TYPES)):
        raise Refused(422, f"no such attribute: {', '.join(unknown)}")
    written = {key: body.get(key) for key in TYPES}
    if written["healthy"] is None:
        written["healthy"] = True
    for key, value in written.items():
        # bool is an int to Python, not to the API
        if value is not None and (not isinstance(value, TYPES[key]) or (key == "size" and isinstance(value, bool))):
            raise Refused(422, f"attribute {key} has the wrong type")
    if not written["name"]:
        raise Refused(422, "an item needs a name")
    return written
