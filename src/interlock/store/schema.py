"""The tables, as numbered steps that only ever grow: a step that was released is never edited, a change is the next step.

`schema_version` holds the number of the newest step applied. All missing steps run in one transaction, so a crash leaves the old schema or the
new one. A database newer than this program is refused: guessing what its columns mean could lose what they say.

Names avoid words that either database reserves (`commit_id`, not `commit`). Times are text (`store.times`), JSON is text, there are no binary
columns: bytes are blobs. Rows that are histories carry `number`, a sequence without gaps, which orders them where stamps tie.
"""

from interlock.model.errors import Permanent
from interlock.store.database import Database, Tx

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE sequences (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
        """CREATE TABLE deployments (
            id TEXT PRIMARY KEY, number BIGINT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
            commit_id TEXT NOT NULL, tree TEXT NOT NULL, base TEXT NOT NULL, actor TEXT NOT NULL, message TEXT NOT NULL,
            fingerprint TEXT NOT NULL, manifest_digest TEXT NOT NULL, manifest_size BIGINT NOT NULL,
            created TEXT NOT NULL, started TEXT NOT NULL, finished TEXT NOT NULL,
            failure TEXT NOT NULL, failure_hint TEXT NOT NULL, failure_slug TEXT NOT NULL, superseded_by TEXT NOT NULL,
            cancel TEXT NOT NULL, cancelled_by TEXT NOT NULL, stopping TEXT NOT NULL, pid BIGINT NOT NULL, heartbeat TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX deployments_number ON deployments (number)",
        "CREATE INDEX deployments_unfinished ON deployments (finished, number)",
        "CREATE INDEX deployments_commit ON deployments (commit_id)",
        """CREATE TABLE steps (
            deployment TEXT NOT NULL REFERENCES deployments (id), environment TEXT NOT NULL, component TEXT NOT NULL,
            position BIGINT NOT NULL, kind TEXT NOT NULL, direction TEXT NOT NULL, state TEXT NOT NULL,
            reasons TEXT NOT NULL, conditional BIGINT NOT NULL,
            plan TEXT NOT NULL, preview_plan TEXT NOT NULL, undo_plan TEXT NOT NULL, gates TEXT NOT NULL,
            since TEXT NOT NULL, started TEXT NOT NULL, finished TEXT NOT NULL, completed_order BIGINT,
            last_line TEXT NOT NULL, error TEXT NOT NULL, error_hint TEXT NOT NULL, error_slug TEXT NOT NULL,
            receipt TEXT NOT NULL, release_id TEXT NOT NULL, fence BIGINT NOT NULL, apply_started TEXT NOT NULL,
            undo_receipt TEXT NOT NULL, undo_fence BIGINT NOT NULL, undo_apply_started TEXT NOT NULL, details TEXT NOT NULL,
            PRIMARY KEY (deployment, environment, component))""",
        """CREATE TABLE environment_slots (
            environment TEXT PRIMARY KEY, deployment TEXT NOT NULL REFERENCES deployments (id), since TEXT NOT NULL)""",
        """CREATE TABLE plans (
            id TEXT PRIMARY KEY, number BIGINT NOT NULL, component TEXT NOT NULL, environment TEXT NOT NULL, deployment TEXT NOT NULL,
            kind TEXT NOT NULL, direction TEXT NOT NULL, commit_id TEXT NOT NULL, intent TEXT NOT NULL, artifact_digest TEXT NOT NULL,
            speculative BIGINT NOT NULL, created TEXT NOT NULL, consumed TEXT NOT NULL, consumed_fence BIGINT NOT NULL,
            document TEXT NOT NULL, mac TEXT NOT NULL)""",
        "CREATE INDEX plans_deployment ON plans (deployment)",
        """CREATE TABLE approvals (
            id TEXT PRIMARY KEY, number BIGINT NOT NULL, verdict TEXT NOT NULL, deployment TEXT NOT NULL, environment TEXT NOT NULL,
            component TEXT NOT NULL, plan TEXT NOT NULL, intent TEXT NOT NULL, person TEXT NOT NULL, verified BIGINT NOT NULL,
            comment TEXT NOT NULL, at TEXT NOT NULL)""",
        "CREATE INDEX approvals_intent ON approvals (intent, component, environment)",
        "CREATE INDEX approvals_deployment ON approvals (deployment)",
        """CREATE TABLE releases (
            id TEXT PRIMARY KEY, number BIGINT NOT NULL, component TEXT NOT NULL, environment TEXT NOT NULL, status TEXT NOT NULL,
            commit_id TEXT NOT NULL, deployment TEXT NOT NULL, at TEXT NOT NULL, verified_at TEXT NOT NULL, undone_by TEXT NOT NULL,
            document TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX releases_pair ON releases (environment, component, number)",
        "CREATE INDEX releases_deployment ON releases (deployment)",
        """CREATE TABLE leases (
            environment TEXT NOT NULL, component TEXT NOT NULL, token BIGINT NOT NULL, holder TEXT NOT NULL,
            taken TEXT NOT NULL, expires DOUBLE PRECISION NOT NULL, PRIMARY KEY (environment, component))""",
        """CREATE TABLE holds (
            environment TEXT NOT NULL, component TEXT NOT NULL, revision TEXT NOT NULL, reason TEXT NOT NULL, deployment TEXT NOT NULL,
            since TEXT NOT NULL, released TEXT NOT NULL, released_by TEXT NOT NULL, release_reason TEXT NOT NULL,
            PRIMARY KEY (environment, component, revision))""",
        """CREATE TABLE state_versions (
            environment TEXT NOT NULL, component TEXT NOT NULL, number BIGINT NOT NULL, serial BIGINT NOT NULL, lineage TEXT NOT NULL,
            md5 TEXT NOT NULL, blob_digest TEXT NOT NULL, blob_size BIGINT NOT NULL, lock_id TEXT NOT NULL, fence BIGINT NOT NULL,
            deployment TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (environment, component, number))""",
        """CREATE TABLE state_locks (
            environment TEXT NOT NULL, component TEXT NOT NULL, lock_id TEXT NOT NULL, information TEXT NOT NULL, fence BIGINT NOT NULL,
            since TEXT NOT NULL, PRIMARY KEY (environment, component))""",
        """CREATE TABLE audit (
            seq BIGINT PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
            before_value TEXT NOT NULL, after_value TEXT NOT NULL, details TEXT NOT NULL, previous TEXT NOT NULL, mac TEXT NOT NULL)""",
        """CREATE TABLE drift (
            environment TEXT NOT NULL, component TEXT NOT NULL, release_id TEXT NOT NULL, digest TEXT NOT NULL, since TEXT NOT NULL,
            checked TEXT NOT NULL, plan TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (environment, component))""",
        """CREATE TABLE gate_verdicts (
            deployment TEXT NOT NULL, environment TEXT NOT NULL, component TEXT NOT NULL, gate TEXT NOT NULL, verdict TEXT NOT NULL,
            since TEXT NOT NULL, PRIMARY KEY (deployment, environment, component, gate))""",
        """CREATE TABLE notices (
            number BIGINT PRIMARY KEY, channel TEXT NOT NULL, event TEXT NOT NULL, deployment TEXT NOT NULL, delivered BIGINT NOT NULL,
            detail TEXT NOT NULL, at TEXT NOT NULL)""",
    ),
)


def version(tx: Tx) -> int:
    """The newest step applied; 0 in an empty database."""
    tx.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
    row = tx.one("SELECT max(version) AS version FROM schema_version")
    return int(row["version"] or 0) if row else 0


def migrate(database: Database) -> None:
    """Runs the steps that are missing. Raises Permanent (`schema-newer`) for a database made by a newer program."""
    with database.read() as tx:
        known = tx.one("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'")
        if known is not None:
            row = tx.one("SELECT max(version) AS version FROM schema_version")
            if row and row["version"] == len(STEPS):
                return
    with database.write() as tx:
        found = version(tx)  # looked at again: another process may have migrated while we waited
        if found > len(STEPS):
            raise Permanent(
                f"the database has schema {found}, made by a newer Interlock; this one knows up to {len(STEPS)}",
                hint="upgrade this Interlock",
                slug="schema-newer",
            )
        for number, statements in enumerate(STEPS[found:], start=found + 1):
            for statement in statements:
                tx.execute(statement)
            tx.execute("INSERT INTO schema_version (version) VALUES (:version)", version=number)
