"""Paths and the texts that name them: what is certain of a template without running anything.

A hole may hold anything but, it is assumed, no `..`: `templates/${var.name}.tpl` is somewhere in `templates/`. Where not even a folder is certain,
it is the whole repository.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from interlock.kinds.opentofu.facts import HOLE, Reference, Template


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def normal(path: str) -> str:
    """A repository path without `.`, `..` and doubled `/`; "" is the root; one that leaves it starts with `..` or `/`."""
    cleaned = posixpath.normpath(path) if path else ""
    return "" if cleaned == "." else cleaned


def leaves(path: str) -> bool:
    """Whether a `normal` path is outside the repository."""
    return path == ".." or path.startswith(("../", "/"))


@dataclass(frozen=True)
class Text:
    """A template after what is known was put in. `anchor` is "module", "root" or "" (as written); `prefix` its literal start, `suffix` its literal end."""

    anchor: str
    prefix: str
    exact: bool
    suffix: str = ""

    def below(self, module: str, root: str, written: str) -> tuple[str, bool]:
        """(path, exact): the file or folder, or the smallest folder that certainly holds it. `written` is what a bare relative path starts from."""
        base = {"module": module, "root": root, "": written}[self.anchor]
        if self.anchor == "" and self.prefix.startswith(("/", "~")):
            return "/", True
        start = f"{base or '.'}/" if self.anchor == "" else (base or ".")
        whole = start + self.prefix
        if self.exact:
            return normal(whole), True
        if self.anchor == "" and not self.prefix:
            return "", False
        certain = normal(whole.rpartition("/")[0])
        return ("" if leaves(certain) else certain), False


def text_of(template: Template, known: Mapping[str, Template]) -> Text:
    """Locals put in; what then is still unknown ends the literal prefix."""
    parts = list(_expand(template, known, 0))
    anchor = ""
    if parts and isinstance(parts[0], Reference) and parts[0].text.startswith("path."):
        anchor = parts.pop(0).text.removeprefix("path.")  # type: ignore[union-attr]
    prefix: list[str] = []
    for part in parts:
        if isinstance(part, Reference):
            last = parts[-1]
            return Text(anchor, "".join(prefix), False, last if isinstance(last, str) else "")
        prefix.append(part)
    return Text(anchor, "".join(prefix), True)


def _expand(template: Template, known: Mapping[str, Template], depth: int) -> Iterator[str | Reference]:
    for part in template:
        name = (
            part.text.removeprefix("local.") if isinstance(part, Reference) and part.text.startswith("local.") else None
        )
        if name is None:
            yield part
        elif name in known and depth < 16:
            yield from _expand(known[name], known, depth + 1)
        else:
            yield Reference(HOLE)
