"""Order among named things.

Kahn's algorithm with an alphabetical ready list: dependencies first, ties alphabetical, always the same answer."""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

Edges = Mapping[str, Iterable[str]]  # name → the names it depends on; names outside the mapping are ignored


class CycleError(ValueError):
    """`path` starts and ends with the same name: a → b → a means a depends on b and b on a."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(" → ".join(path))
        self.path = path


def order(edges: Edges) -> tuple[str, ...]:
    """All names, each after what it depends on. Raises CycleError."""
    waiting = {name: {d for d in edges[name] if d in edges} for name in edges}
    dependents: dict[str, list[str]] = {name: [] for name in edges}
    for name, needs in waiting.items():
        for need in needs:
            dependents[need].append(name)
    ready = [name for name, needs in waiting.items() if not needs]
    heapify(ready)
    done: list[str] = []
    while ready:
        name = heappop(ready)
        done.append(name)
        for dependent in dependents[name]:
            waiting[dependent].discard(name)
            if not waiting[dependent]:
                heappush(ready, dependent)
    if len(done) != len(waiting):
        raise CycleError(_cycle({n: sorted(needs) for n, needs in waiting.items() if needs}))
    return tuple(done)


def _cycle(stuck: dict[str, list[str]]) -> tuple[str, ...]:
    """The shortest-to-tell cycle found from the alphabetically first stuck name: every stuck name leads into one."""
    name, path = min(stuck), list[str]()
    while name not in path:
        path.append(name)
        name = next(need for need in stuck[name] if need in stuck)
    path = path[path.index(name) :]
    start = path.index(min(path))
    path = path[start:] + path[:start]
    return (*path, path[0])


def closure(edges: Edges, start: Iterable[str]) -> frozenset[str]:
    """`start` and everything it depends on, however far."""
    found, todo = set[str](), list(start)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(d for d in edges.get(name, ()) if d in edges)
    return frozenset(found)


def reverse(edges: Edges) -> dict[str, tuple[str, ...]]:
    """The same graph with the arrows turned: name → the names that depend on it, each once, sorted."""
    turned: dict[str, list[str]] = {name: [] for name in edges}
    for name in sorted(edges):
        for need in set(edges[name]) & turned.keys():
            turned[need].append(name)
    return {name: tuple(found) for name, found in turned.items()}
