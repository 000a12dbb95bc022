"""kill -9 at any instant: every change is there with its record or not at all, and nothing is left that needs a person."""

import random
import threading
from pathlib import Path

from interlock.model.release import ReleaseStatus
from interlock.store import leases, ledger

WORK = """
sys.path.insert(0, sys.argv[2])
from store.values import BLOB, manifest, plan, release
from interlock.store import deployments, ids, leases, ledger, plans, slots, steps
print("ready", flush=True)
while True:
    with store.change("ann") as change:
        tx = change.tx
        made = deployments.create(tx, manifest(ids.new(tx, "d"), ("app",)), BLOB, state="running", step_state="gates")
        wanted = plan(ids.new(tx, "p"), artifact=store.blobs.put(os.urandom(2000)))
        plans.put(tx, store.keyed, wanted, deployment=made.id)
        change.audit("deploy", made.id)
    with store.change("ann") as change:
        tx = change.tx
        assert slots.try_take(tx, "staging", made.id)
        lease = leases.take(tx, "app", "staging", made.id, 60)
        assert plans.consume(tx, wanted.id, lease.token)
        steps.update(tx, made.id, "staging", "app", state="applying", apply_started="now", fence=lease.token)
        change.audit("apply-started", made.id)
    with store.change("ann") as change:
        tx = change.tx
        done = ledger.record(tx, release(ids.new(tx, "r"), deployment=made.id, plan=wanted.id))
        steps.update(tx, made.id, "staging", "app", state="verified", release=done.id, completed_order=1)
        leases.release(tx, lease)
        deployments.finish(tx, made.id, "done")
        change.audit("apply", made.id, after={"release": done.id})
"""


def test_killed_at_any_instant(store, start):
    chance = random.Random(7)
    tests = str(Path(__file__).parents[1])
    for kills in range(1, 200):
        process = start(WORK, tests)
        assert process.stdout.readline() == "ready\n", process.communicate()
        threading.Event().wait(chance.uniform(0.02, 0.25))
        process.kill()
        process.wait(60)
        _check(store)
        _take_over(store)
        if kills >= 8 and _released(store) > 8:
            break  # on a busy machine it takes more kills to have done as much work
    assert _released(store) > 8


def _released(store):
    with store.database.read() as tx:
        return tx.one("SELECT count(*) AS n FROM releases")["n"]


def _check(store):
    report = store.audit.verify()
    assert report.ok, report.faults
    with store.database.read() as tx:
        count = lambda sql: tx.one(f"SELECT count(*) AS n FROM {sql}")["n"]  # noqa: E731
        assert count("deployments") == count("steps") == count("plans") == count("audit WHERE action = 'deploy'")
        assert count("plans WHERE consumed <> ''") == count("audit WHERE action = 'apply-started'")
        assert count("releases") == count("deployments WHERE finished <> ''") == count("audit WHERE action = 'apply'")
        assert count("steps WHERE state = 'applying'") == count("environment_slots") == len(leases.all_held(tx)) <= 1
        for row in tx.all("SELECT deployment FROM releases EXCEPT SELECT deployment FROM steps WHERE release_id <> ''"):
            raise AssertionError(row)


def _take_over(store):
    """What the next process does with the step that was cut off: the same holder takes its lease again, and ends it."""
    with store.database.read() as tx:
        cut = tx.one("SELECT deployment, fence FROM steps WHERE state = 'applying'")
    if cut is None:
        return
    with store.change("bob") as change:
        lease = leases.take(change.tx, "app", "staging", cut["deployment"], 60, again=True)
        assert lease.token == cut["fence"] + 1
        leases.release(change.tx, lease)
        change.tx.execute("UPDATE steps SET state = 'interrupted' WHERE deployment = :id", id=cut["deployment"])
        change.tx.execute("DELETE FROM environment_slots")
        change.audit("interrupted", cut["deployment"])
        current = ledger.current(change.tx, "app", "staging")
        assert current is None or current.status is ReleaseStatus.APPLIED
