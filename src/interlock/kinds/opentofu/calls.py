"""Which local modules a stack reaches, and by which chain of calls."""

from dataclasses import dataclass

from interlock.kinds.opentofu.facts import ModuleCall
from interlock.kinds.opentofu.module import Module, Survey
from interlock.kinds.opentofu.text import leaves, text_of
from interlock.model.errors import ConfigurationError, Location, Problem


@dataclass(frozen=True)
class Called:
    """A module reached from a stack. `chain` are the folders from the stack to it, `names` the module call names (the address without indices)."""

    module: Module
    chain: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Unresolved:
    """A module source that only a run can tell: anything below `folder` may be called."""

    folder: str
    location: Location


def reach(survey: Survey, folder: str, tool: str | None) -> tuple[tuple[Called, ...], tuple[Unresolved, ...]]:
    """The stack and every local module it calls, breadth first, ties alphabetical: each folder by its shortest chain.

    Raises ConfigurationError for a stack without configuration and, with the call's place, for modules that are not there or leave the repository.
    """
    root = survey.module(folder, tool)
    if root is None:
        other = " that terraform loads (only .tofu)" if tool == "terraform" and survey.module(folder, None) else ""
        message = f"'{folder or '.'}' holds no configuration file{other}"
        raise ConfigurationError((Problem(Location(folder or "."), "no-configuration", message, value=folder),))
    found = {folder: Called(root, (folder,), ())}
    unresolved: list[Unresolved] = []
    problems: list[Problem] = []
    todo = [found[folder]]
    while todo:
        level: dict[str, Called] = {}
        for caller in todo:
            for path, call in sorted(caller.module.calls, key=lambda c: (c[1].name, c[0])):
                location = Location(path, call.line)
                target = target_of(call, caller.module, folder)
                if target is None:
                    continue
                place, exact = target
                if not exact:
                    unresolved.append(Unresolved(place, location))
                elif leaves(place):
                    problems.append(_problem(location, "module-outside", call.name, place, "leaves the repository"))
                elif (module := survey.module(place, tool)) is None:
                    problems.append(
                        _problem(location, "module-missing", call.name, place, "is no folder with configuration")
                    )
                elif place not in found and place not in level:
                    level[place] = Called(module, (*caller.chain, place), (*caller.names, call.name))
        found |= level
        todo = sorted(level.values(), key=lambda c: c.chain)
    if problems:
        raise ConfigurationError(tuple(dict.fromkeys(problems)))
    return tuple(found.values()), tuple(sorted(set(unresolved), key=lambda u: (u.location, u.folder)))


def target_of(call: ModuleCall, module: Module, root: str) -> tuple[str, bool] | None:
    """(folder, exact) of a local module; None for a registry, Git or other remote source, or a block without a source."""
    if call.source is None:
        return None
    text = text_of(call.source, module.locals)
    if (
        text.exact
        and not text.anchor
        and not text.prefix.startswith(("./", "../", "/"))
        and text.prefix not in (".", "..")
    ):
        return None
    if not text.exact and not text.anchor and text.prefix and not text.prefix.startswith((".", "/")):
        return None  # `git::https://…${var.x}`, `acme/${local.name}/aws`
    # Both tools resolve symlinks first: what a linked module calls is relative to where it really is.
    return text.below(module.real, root, module.real)


def _problem(location: Location, slug: str, name: str, place: str, what: str) -> Problem:
    return Problem(location, slug, f"module '{name}' is called from '{place}', which {what}", value=place)
