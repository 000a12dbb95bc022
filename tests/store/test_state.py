import pytest

from interlock.model.errors import LeaseLost, StalePlan
from interlock.model.plan import Blob
from interlock.store import leases, state

PAIR = ("app", "staging")
INFO = {"ID": "lock-1", "Operation": "OperationTypeApply", "Who": "ann"}


@pytest.fixture
def lease(database):
    with database.write() as tx:
        return leases.take(tx, *PAIR, "d-1", 60)


def put(tx, lease, serial, *, lineage="L", content="", lock_id="lock-1", fence=None):
    return state.put(
        tx, *PAIR, Blob("ab" * 32, 3), serial=serial, lineage=lineage, md5=content or str(serial), lock_id=lock_id,
        fence=lease.token if fence is None else fence, deployment="d-1",
    )  # fmt: skip


def test_versions_follow_each_other(database, lease):
    with database.write() as tx:
        assert state.current(tx, *PAIR) is None
        assert state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token) is None
        made = [put(tx, lease, serial) for serial in (1, 2, 7)]
        assert [v.number for v in made] == [1, 2, 3]
        assert state.current(tx, *PAIR) == made[-1]
        assert [v.serial for v in state.versions(tx, *PAIR)] == [7, 2, 1]
        assert state.current(tx, "web", "staging") is None


def test_a_repeated_request_adds_nothing(database, lease):
    with database.write() as tx:
        state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token)
        assert put(tx, lease, 3) == put(tx, lease, 3)
        assert len(state.versions(tx, *PAIR)) == 1


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"serial": 4}, "state-serial"),
        ({"serial": 5, "content": "other"}, "state-serial"),
        ({"serial": 6, "lineage": "M"}, "state-lineage"),
        ({"serial": 5, "content": "5", "lineage": "M"}, "state-lineage"),
        ({"serial": 6, "lock_id": "lock-2"}, "state-unlocked"),
        ({"serial": 6, "lock_id": ""}, "state-unlocked"),
        ({"serial": 6, "fence": 0}, "lease-lost"),
        ({"serial": 6, "fence": 2}, "lease-lost"),
    ],
)
def test_what_does_not_follow_is_refused(database, lease, wrong, slug):
    with database.write() as tx:
        state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token)
        put(tx, lease, 5)
        with pytest.raises((StalePlan, LeaseLost)) as caught:
            put(tx, lease, **wrong)
        assert caught.value.slug == slug
        assert len(state.versions(tx, *PAIR)) == 1


def test_nothing_is_written_without_the_lock(database, lease):
    with database.write() as tx, pytest.raises(StalePlan):
        put(tx, lease, 1)


def test_the_lock_has_one_holder(database, lease):
    with database.write() as tx:
        assert state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token) is None
        assert state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token) is None
        held = state.lock(tx, *PAIR, "lock-2", {"ID": "lock-2"}, fence=lease.token)
        assert held.information == INFO
        assert not state.unlock(tx, *PAIR, "lock-2")
        assert state.unlock(tx, *PAIR, "lock-1")
        assert state.lock(tx, *PAIR, "lock-2", {"ID": "lock-2"}, fence=lease.token) is None


def test_only_the_leases_holder_locks(database, lease):
    with database.write() as tx:
        for fence in (0, lease.token + 1):
            with pytest.raises(LeaseLost):
                state.lock(tx, *PAIR, "lock-1", INFO, fence=fence)


def test_a_lock_dies_with_its_lease(database, lease):
    with database.write() as tx:
        state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token)
        put(tx, lease, 1)
        newer = leases.take(tx, *PAIR, "d-1", 60, again=True)
        assert state.lock_of(tx, *PAIR) is None
        with pytest.raises(LeaseLost):
            put(tx, lease, 2)
        assert state.lock(tx, *PAIR, "lock-9", {"ID": "lock-9"}, fence=newer.token) is None
        assert put(tx, newer, 2, lock_id="lock-9").number == 2


def test_a_killed_tools_lock_is_forced_by_the_same_lease(database, lease):
    with database.write() as tx:
        state.lock(tx, *PAIR, "lock-1", INFO, fence=lease.token)
        assert state.force_unlock(tx, *PAIR)
        assert not state.force_unlock(tx, *PAIR)
        assert state.lock(tx, *PAIR, "lock-2", {"ID": "lock-2"}, fence=lease.token) is None


def test_md5_is_the_protocols():
    assert state.md5(b"") == "d41d8cd98f00b204e9800998ecf8427e"
