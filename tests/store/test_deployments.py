from concurrent.futures import ThreadPoolExecutor

import pytest

from interlock.model.errors import NotFound, UsageError
from interlock.model.gate import Gate, Verdict
from interlock.model.receipt import Outcome, Receipt
from interlock.store import deployments, ids, slots, steps

from .conftest import ended
from .values import BLOB, manifest


def create(database, **more):
    with database.write() as tx:
        return deployments.create(
            tx, manifest(ids.new(tx, ids.DEPLOYMENT), **more), BLOB, state="running", step_state="waiting"
        )


def test_a_deployment_and_its_steps_come_back(database):
    made = create(database, environments=("staging", "production"))
    with database.read() as tx:
        assert deployments.get(tx, made.id) == made
        found = steps.of(tx, made.id)
        assert [s.name for s in found] == ["staging/app", "staging/network", "production/app", "production/network"]
        assert {s.state for s in found} == {"waiting"}
        assert [s.position for s in steps.of(tx, made.id, "production")] == [2, 3]
    assert made.manifest == BLOB
    assert made.created.endswith("Z")
    assert len(made.created) == 24


def test_ids_sort_by_age_and_are_found_by_prefix(database):
    made = [create(database).id for _ in range(40)]
    assert made == sorted(made)
    assert len(set(made)) == 40
    assert all(len(id_) == 6 for id_ in made)
    with database.read() as tx:
        for text in (made[3], made[3].upper(), made[3].removeprefix("d-"), f" {made[3]} "):
            assert deployments.get(tx, text).id == made[3]
        with pytest.raises(UsageError) as caught:
            deployments.get(tx, "d-1")
        assert made[-1] in str(caught.value)
        for nothing in ("d-zzzz", "", "d-", "d-%", "x'y", "d-_"):
            with pytest.raises(NotFound):
                deployments.get(tx, nothing)


def test_an_id_read_wrongly_is_still_found(database):
    with database.write() as tx:
        tx.execute("INSERT INTO sequences (name, value) VALUES ('id:d', 0)")
        id_ = "d-1001"
        deployments.create(tx, manifest(id_), BLOB, state="running", step_state="waiting")
        assert deployments.get(tx, "d-IOol").id == id_


def test_states_change_only_from_what_was_expected(database):
    made = create(database)
    with database.write() as tx:
        assert not deployments.set_state(tx, made.id, "b", expect="a")
        assert deployments.set_state(tx, made.id, "b", expect=("a", "running"), started="now")
        assert not deployments.set_state(tx, made.id, "c", expect=())
        assert deployments.get(tx, made.id).state == "b"
        with pytest.raises(TypeError):
            deployments.update(tx, made.id, commit="x")
        with pytest.raises(TypeError):
            deployments.update(tx, made.id, **{"state = 'x' --": 1})


def test_a_verdict_is_given_once_and_frees_the_environments(database):
    made = create(database)
    with database.write() as tx:
        assert slots.try_take(tx, "staging", made.id)
        assert deployments.finish(tx, made.id, "failed", failure="it broke", failure_slug="tool-failed")
        assert slots.holder(tx, "staging") is None
        assert not deployments.finish(tx, made.id, "done")
        found = deployments.get(tx, made.id)
        assert (found.state, found.failure) == ("failed", "it broke")
        assert found.finished


def test_an_environment_has_one_deployment(database):
    first, second = create(database), create(database)
    with database.write() as tx:
        assert slots.try_take(tx, "staging", first.id)
        assert slots.try_take(tx, "staging", first.id)
        assert not slots.try_take(tx, "staging", second.id)
        assert slots.try_take(tx, "production", second.id)
        assert not slots.release(tx, "staging", second.id)
        assert slots.release(tx, "staging", first.id)
        assert slots.try_take(tx, "staging", second.id)
        assert [s.environment for s in slots.all_active(tx)] == ["production", "staging"]


def test_cancel_may_grow_but_not_shrink(database):
    made = create(database)
    with database.write() as tx:
        assert deployments.request_cancel(tx, made.id, "stop", "ann")
        assert not deployments.request_cancel(tx, made.id, "stop", "bob")
        assert deployments.request_cancel(tx, made.id, "rollback", "bob")
        assert not deployments.request_cancel(tx, made.id, "stop", "ann")
        assert (deployments.get(tx, made.id).cancel, deployments.get(tx, made.id).cancelled_by) == ("rollback", "bob")
        with pytest.raises(ValueError):
            deployments.request_cancel(tx, made.id, "", "ann")
        deployments.finish(tx, made.id, "cancelled")
    done = create(database)
    with database.write() as tx:
        deployments.finish(tx, done.id, "done")
        assert not deployments.request_cancel(tx, done.id, "stop", "ann")


def test_the_first_reason_to_stop_stays(database):
    made = create(database)
    with database.write() as tx:
        assert deployments.set_stopping(tx, made.id, "app failed")
        assert not deployments.set_stopping(tx, made.id, "network failed")
        assert deployments.get(tx, made.id).stopping == "app failed"


def test_the_same_request_is_found_while_unfinished(database):
    made = create(database)
    pairs = [("staging", "network"), ("staging", "app")]
    with database.write() as tx:
        assert deployments.find_unfinished(tx, "deploy", "c1", pairs) == made
        assert deployments.find_unfinished(tx, "rollback", "c1", pairs) is None
        assert deployments.find_unfinished(tx, "deploy", "c2", pairs) is None
        assert deployments.find_unfinished(tx, "deploy", "c1", pairs[:1]) is None
        deployments.finish(tx, made.id, "done")
        assert deployments.find_unfinished(tx, "deploy", "c1", pairs) is None


def test_many_at_once_make_one_deployment(database):
    def deploy(_):
        with database.write() as tx:
            found = deployments.find_unfinished(tx, "deploy", "c1", [("staging", "app"), ("staging", "network")])
            new = found or deployments.create(
                tx, manifest(ids.new(tx, "d")), BLOB, state="running", step_state="waiting"
            )
            return new.id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(deploy, range(30)))) == 1


def test_older_ones_that_touch_the_same_are_found(database):
    other = create(database, components=("elsewhere",))
    waiting = create(database, commit="c0")
    running = create(database, commit="c0")
    done = create(database)
    newest = create(database, components=("app",))
    create(database)
    with database.write() as tx:
        deployments.finish(tx, done.id, "done")
        deployments.set_state(tx, waiting.id, "waiting")
        ids_of = [d.id for d in deployments.older_unfinished(tx, newest)]
        assert ids_of == [waiting.id, running.id]
        assert [d.id for d in deployments.older_unfinished(tx, newest, states=["waiting"])] == [waiting.id]
        assert other.id not in ids_of


def test_lists_are_filtered_and_newest_first(database):
    first = create(database, environments=("staging",))
    second = create(database, environments=("production",), components=("web",))
    with database.write() as tx:
        deployments.finish(tx, first.id, "done")
        newest = lambda **f: [d.id for d in deployments.list_newest(tx, **f)]  # noqa: E731
        assert newest() == [second.id, first.id]
        assert newest(limit=1) == [second.id]
        assert newest(environment="staging") == [first.id]
        assert newest(environment="production", component="app") == []
        assert newest(states=["done"]) == [first.id]
        assert newest(finished=False) == [second.id]


def test_steps_are_updated_by_field(database):
    made = create(database)
    place = (made.id, "staging", "app")
    gates = (Gate("hold", Verdict.PENDING, "because", "do this", "then"),)
    receipt = Receipt(Outcome.COMPLETE, ("a",), base={"serial": 3})
    with database.write() as tx:
        before = steps.get(tx, *place)
        assert not steps.update(tx, *place, expect="applying", state="verified")
        assert steps.update(
            tx,
            *place,
            expect="waiting",
            state="applying",
            plan="p-1",
            gates=gates,
            receipt=receipt,
            release="r-1",
            fence=7,
            reasons=("x",),
        )
        found = steps.get(tx, *place)
        assert (found.state, found.plan, found.gates, found.receipt, found.release, found.fence) == (
            "applying", "p-1", gates, receipt, "r-1", 7,
        )  # fmt: skip
        assert found.since >= before.since
        assert found.reasons == ("x",)
        assert steps.update(tx, *place, gates=(), receipt=None, details={"k": [1]})
        assert (steps.get(tx, *place).gates, steps.get(tx, *place).receipt, steps.get(tx, *place).details) == (
            (),
            None,
            {"k": [1]},
        )
        assert steps.get(tx, made.id, "staging", "network").state == "waiting"
        with pytest.raises(TypeError):
            steps.update(tx, *place, kind="x")
        with pytest.raises(NotFound):
            steps.get(tx, made.id, "staging", "none")


def test_applies_are_ranked_as_they_end(database):
    made = create(database)
    for rank, component in enumerate(("network", "app"), start=1):
        with database.write() as tx:
            assert steps.update(
                tx, made.id, "staging", component, completed_order=steps.next_completed_order(tx, made.id)
            )
            assert steps.get(tx, made.id, "staging", component).completed_order == rank


def test_a_deployment_is_created_whole_or_not_at_all(store, start):
    code = """
        sys.path.insert(0, sys.argv[2])
        from store.values import BLOB, manifest
        from interlock.store import deployments, ids
        with store.database.write() as tx:
            deployments.create(tx, manifest(ids.new(tx, "d")), BLOB, state="running", step_state="waiting")
            {0}
    """
    from pathlib import Path

    tests = str(Path(__file__).parents[1])
    process = start(code.format("die()"), tests)
    process.wait(60)
    assert process.returncode == -9
    with store.database.read() as tx:
        assert tx.all("SELECT id FROM deployments UNION ALL SELECT deployment FROM steps") == []
    ended(start(code.format("pass"), tests))
    with store.database.read() as tx:
        assert len(steps.of(tx, deployments.list_newest(tx)[0].id)) == 2


def test_a_heartbeat_shows_who_runs_it(database):
    made = create(database)
    with database.write() as tx:
        deployments.beat(tx, made.id, 42)
        assert deployments.get(tx, made.id).pid == 42
        assert deployments.get(tx, made.id).heartbeat >= made.created
