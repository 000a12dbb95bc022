"""What plan and apply say with `-json`: one message a line, read as it comes.

Diagnostics are kept as data. Of apply's progress it is kept which resources were begun, ended well or ended badly: that is the truth that
a receipt tells when the end is not a good one. A line that is no message (a crash of a provider, a wrapper's chatter) is kept as text.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from interlock.model.errors import Location


@dataclass(frozen=True)
class Diagnostic:
    severity: str  # error | warning
    summary: str
    detail: str = ""
    address: str = ""
    location: Location | None = None

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else f"{self.address}: " if self.address else ""
        return where + self.summary + (f"\n{self.detail}" if self.detail else "")


def diagnostic(value: Mapping[str, Any], folder: str = "") -> Diagnostic:
    """A diagnostic of `-json` or of `validate -json`; `folder` stands before its file names."""
    place = value.get("range")
    location = None
    if isinstance(place, Mapping) and str(place.get("filename") or "<").lstrip()[0] != "<":  # `<empty>` is no file
        start = place.get("start") or {}
        location = Location(
            _join(folder, str(place["filename"])), int(start.get("line", 0)), int(start.get("column", 0))
        )
    return Diagnostic(
        severity=str(value.get("severity", "error")),
        summary=str(value.get("summary", "")).strip(),
        detail=str(value.get("detail", "")).strip(),
        address=str(value.get("address", "")),
        location=location,
    )


@dataclass
class Messages:
    """`log` gets one readable line for each message. `begun`, `ended` and `failed` hold (address, action) in the order they came."""

    log: Callable[[str], None]
    folder: str = ""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    drifted: bool = False
    plain: deque[str] = field(default_factory=lambda: deque(maxlen=60))

    @property
    def errors(self) -> list[Diagnostic]:
        return [one for one in self.diagnostics if one.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [one for one in self.diagnostics if one.severity == "warning"]

    @property
    def unfinished(self) -> list[tuple[str, str]]:
        return [one for one in self.begun if one not in self.ended and one not in self.failed]

    def take(self, line: str) -> None:
        message = _message(line)
        if message is None:
            if line.strip() and not line.startswith(
                '{"@'
            ):  # a message that was too long to come whole is no text for anybody
                self.plain.append(line)
                self.log(line)
            return
        kind = message.get("type")
        if kind == "diagnostic" and isinstance(message.get("diagnostic"), dict):
            found = diagnostic(message["diagnostic"], self.folder)
            self.diagnostics.append(found)
            self.log(f"{found.severity}: {found}")
            return
        self.drifted |= kind == "resource_drift"
        hook = message.get("hook")
        if isinstance(hook, dict) and isinstance(hook.get("resource"), dict):
            step = (str(hook["resource"].get("addr", "")), str(hook.get("action", "")))
            {"apply_start": self.begun, "apply_complete": self.ended, "apply_errored": self.failed}.get(
                str(kind), []
            ).append(step)
        if kind not in ("version", "outputs"):  # outputs carry values
            self.log(str(message.get("@message", "")))

    def explain(self) -> str:
        """The errors, or where there are none the last plain lines: what a person needs to see."""
        return "\n".join(str(one) for one in self.errors) or "\n".join(self.plain)


def _message(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "@message" in value else None


def _join(folder: str, name: str) -> str:
    """`name` as the tool gives it (from its own folder, `../` allowed), from the repository's root."""
    parts: list[str] = []
    for part in f"{folder}/{name}".split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
