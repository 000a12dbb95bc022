"""An environment has one active deployment, from its first lease to its verdict: one row per environment that is taken.

Finishing a deployment gives its environments back in the same transaction (`deployments.finish`), so no crash leaves one taken by a dead verdict;
an unfinished deployment whose process died keeps its environment on purpose: what it left there is not known until it is resumed.
"""

from dataclasses import dataclass

from interlock.store import times
from interlock.store.database import Tx


@dataclass(frozen=True)
class Slot:
    environment: str
    deployment: str
    since: str


def try_take(tx: Tx, environment: str, deployment: str) -> bool:
    """True when the environment is now (or was already) this deployment's."""
    tx.execute(
        "INSERT INTO environment_slots (environment, deployment, since) VALUES (:environment, :deployment, :now)"
        " ON CONFLICT (environment) DO NOTHING",
        environment=environment,
        deployment=deployment,
        now=times.now(tx),
    )
    return holder(tx, environment) == deployment


def release(tx: Tx, environment: str, deployment: str) -> bool:
    """False when it was not this deployment's."""
    sql = "DELETE FROM environment_slots WHERE environment = :environment AND deployment = :deployment"
    return tx.execute(sql, environment=environment, deployment=deployment) == 1


def holder(tx: Tx, environment: str) -> str | None:
    """The id of the deployment that is active in the environment, or None."""
    row = tx.one("SELECT deployment FROM environment_slots WHERE environment = :environment", environment=environment)
    return str(row["deployment"]) if row else None


def all_active(tx: Tx) -> tuple[Slot, ...]:
    return tuple(Slot(**row) for row in tx.all("SELECT * FROM environment_slots ORDER BY environment"))
