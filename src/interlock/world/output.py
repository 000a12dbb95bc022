"""What a program says, in bounded memory: whole lines redacted as they come, the tail kept.

Redaction works on whole lines, so that no secret is missed because a read ended in its middle; a line that is longer than all that is kept loses
its beginning, and with it what could be the end of a secret cut in two.
"""

from collections import deque
from collections.abc import Callable

LONGEST_LINE = 64_000  # characters given to `on_line`
_MARGIN = 16_384  # bytes: longer than any secret that stands on one line


class Lines:
    """`text()` is everything said, redacted, or its last `keep` characters."""

    def __init__(self, redact: Callable[[str], str], on_line: Callable[[str], None] | None, keep: int) -> None:
        self._redact = redact
        self._on_line = on_line
        self._keep = keep
        self._open = bytearray()  # the line that has not ended yet
        self._cut = False
        self._kept: deque[str] = deque()
        self._size = 0

    def feed(self, data: bytes) -> None:
        end = data.rfind(b"\n") + 1
        if not end:
            self._open += data
            if len(self._open) > 2 * (self._keep + _MARGIN):
                del self._open[: -(self._keep + _MARGIN)]
                self._cut = True
            return
        block = bytes(self._open) + data[:end]
        self._open = bytearray(data[end:])
        self._take(block)

    def close(self) -> None:
        if self._open:
            block, self._open = bytes(self._open), bytearray()
            self._take(block)

    def text(self) -> str:
        text = "".join(self._kept)
        return text[-self._keep :] if len(text) > self._keep else text

    def _take(self, block: bytes) -> None:
        text = self._redact(block.decode("utf-8", "replace"))
        if self._cut:
            text, self._cut = text[_MARGIN:], False
        self._kept.append(text)
        self._size += len(text)
        while self._size - len(self._kept[0]) >= self._keep:
            self._size -= len(self._kept.popleft())
        if self._on_line:
            for line in text.removesuffix("\n").split("\n"):
                line = line.removesuffix("\r")
                self._on_line(line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…")


class Raw:
    """The first `limit` bytes, as they are. For what must not be shown to anybody."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.data = bytearray()

    def feed(self, data: bytes) -> None:
        self.data += data[: max(0, self._limit - len(self.data))]

    def close(self) -> None:
        """Nothing is held back."""
