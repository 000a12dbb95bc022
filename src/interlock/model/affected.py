"""Which (component, environment) pairs a commit concerns, each with every reason, and which it leaves out, each with its reason too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from interlock.model.manifest import Pair


class ReasonType(StrEnum):
    """In the order in which a person wants to read them."""

    REMOVED = "removed"  # it is no longer configured
    NEVER_RELEASED = "never released"  # nothing to compare with: everything is planned
    UNFINISHED = "unfinished release"  # the last release stands, but did not end well
    CONFIGURATION = "configuration key"
    OWN_FILE = "own file"
    VAR_FILE = "var file"
    MODULE = "module chain"
    READ = "file read"
    UNRESOLVED = "unresolved read"  # it cannot be told whether it reads the path; widened
    DEPENDENCY = "dependency"


@dataclass(frozen=True)
class Reason:
    """`path` is the changed file, or the configuration key, or the dependency's name; `text` a clause that stands alone."""

    type: ReasonType
    text: str
    path: str = ""


def by_weight(reason: Reason) -> tuple[int, str, str]:
    """The order of reasons: by type, then path, then text."""
    return list(ReasonType).index(reason.type), reason.path, reason.text


@dataclass(frozen=True)
class AffectedPair:
    """`conditional`: in only because of dependencies, dropped when their outputs turn out unchanged. `removal`: to be planned away, from its release's
    source closure. `base` is the commit compared with, "" where there was none. `reasons` is never empty."""

    component: str
    environment: str
    kind: str
    reasons: tuple[Reason, ...]
    conditional: bool = False
    removal: bool = False
    base: str = ""

    @property
    def name(self) -> str:
        return f"{self.environment}/{self.component}"


@dataclass(frozen=True)
class LeftOut:
    component: str
    environment: str
    reason: str
    base: str = ""


@dataclass(frozen=True)
class Released:
    """What stands in an environment, as far as `affected` needs it. `name` is the deployment's or release's id, for messages.

    `doubt` is set where it must be planned although nothing changed ("its verification failed"). `commit` "" means it cannot be compared.
    """

    commit: str
    pair: Pair
    name: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class AffectedReport:
    """`pairs` and `left_out` in the order of environments, then by component. `unclaimed` are changed files that no component reads, sorted."""

    commit: str
    tree: str
    pairs: tuple[AffectedPair, ...]
    left_out: tuple[LeftOut, ...]
    unclaimed: tuple[str, ...] = ()

    def get(self, environment: str, component: str) -> AffectedPair | None:
        return next((p for p in self.pairs if (p.environment, p.component) == (environment, component)), None)

    def to_json(self) -> Mapping[str, Any]:
        return {"type": "affected", "version": 1, **asdict(self)}
