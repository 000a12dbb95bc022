"""What the engine works with: our records, the kinds, and a way to open the world for one piece of work. Assembled by `app.build`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from interlock.kind import Kind
from interlock.model.errors import Permanent
from interlock.model.manifest import EnvironmentSpec, Pair
from interlock.store import Store
from interlock.world import Cancel, Clock, Fence, Secrets, World


@dataclass(frozen=True)
class Opened:
    """A world for one verb of one component in one environment, with the exact environment variables its programs get."""

    world: World
    environ: Mapping[str, str]
    held_back: tuple[str, ...]


class Worlds(Protocol):
    """Opens worlds; made for one set of secret sources (those of a manifest or of the configuration)."""

    @property
    def secrets(self) -> Secrets: ...

    def open(
        self,
        pair: Pair,
        environment: EnvironmentSpec,
        *,
        purpose: str,
        log: Callable[[str], None],
        cancel: Cancel,
        fence: Fence | None = None,
        deployment: str = "",
    ) -> Opened:
        """`purpose` is "plan" or "apply": it chooses the credentials. Raises CredentialsMissing when `expect:` does not hold."""
        ...


@dataclass(frozen=True)
class Context:
    store: Store
    kinds: Mapping[str, Kind]
    worlds: Worlds
    clock: Clock

    def kind(self, name: str) -> Kind:
        """Raises Permanent for a kind that this installation does not have: never a guess."""
        if name not in self.kinds:
            raise Permanent(
                f"there is no kind '{name}' here", hint=f"known: {', '.join(sorted(self.kinds))}", slug="unknown-kind"
            )
        return self.kinds[name]
