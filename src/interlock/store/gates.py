"""Since when each gate of a step gives its present verdict. The verdict itself is decided anew each time; only its age is kept."""

from dataclasses import replace

from interlock.model.gate import Gate
from interlock.store import times
from interlock.store.database import Tx


def since(tx: Tx, deployment: str, environment: str, component: str, gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The gates, each with the time its verdict was first given. A write transaction notes new verdicts; a read one only shows them as of now."""
    place = {"deployment": deployment, "environment": environment, "component": component}
    rows = tx.all(
        "SELECT gate, verdict, since FROM gate_verdicts WHERE deployment = :deployment AND environment = :environment AND component = :component",
        **place,
    )
    known = {(row["gate"], row["verdict"]): str(row["since"]) for row in rows}
    now = times.now(tx)
    dated = tuple(replace(gate, since=known.get((gate.name, str(gate.verdict)), now)) for gate in gates)
    for gate in dated:
        if tx.writes and (gate.name, str(gate.verdict)) not in known:
            tx.execute(
                """INSERT INTO gate_verdicts (deployment, environment, component, gate, verdict, since)
                VALUES (:deployment, :environment, :component, :gate, :verdict, :since)
                ON CONFLICT (deployment, environment, component, gate) DO UPDATE SET verdict = :verdict, since = :since""",
                **place,
                gate=gate.name,
                verdict=str(gate.verdict),
                since=gate.since,
            )
    return dated
