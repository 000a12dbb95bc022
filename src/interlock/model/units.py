"""Durations and sizes as people write them: a number and a unit, never a bare number."""

import math
import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2, "GB": 1000**3, "GiB": 1024**3}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds of `60s`, `15m`, `1h30m`, `250ms`, `7d`. Raises ValueError saying what is accepted."""
    text = text.strip()
    position, total = 0, 0.0
    while position < len(text):
        part = _PART.match(text, position)
        if not part:
            break
        total += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    if not text or position != len(text) or not math.isfinite(total):  # a number too long to be one is infinite
        raise ValueError(f"'{text}' is not a duration; write a number and a unit, such as 60s, 15m or 1h30m")
    return total


def format_duration(seconds: float) -> str:
    """The shortest exact-enough text: `0.4s`, `12s`, `3m20s`, `1h05m`, `2d3h`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def parse_size(text: str) -> int:
    """Bytes of `60kB`, `5MiB`. Raises ValueError saying what is accepted."""
    match = re.fullmatch(r"([0-9]{1,30})\s*([A-Za-z]+)", text.strip())
    if not match or match[2] not in _BYTES:
        raise ValueError(f"'{text}' is not a size; write a number and one of {', '.join(_BYTES)}")
    return int(match[1]) * _BYTES[match[2]]


def nearest(word: str, known: list[str] | tuple[str, ...] | set[str]) -> str | None:
    """The known word most like `word`, or None when none is near enough to be helpful."""
    import difflib  # only on the way to an error message

    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None
