import contextlib
import threading

import pytest

from interlock.model.errors import LeaseHeld, LeaseLost
from interlock.store import leases

from .conftest import ended

PAIR = ("app", "staging")


def take(database, holder="d-1", seconds=60.0, **more):
    with database.write() as tx:
        return leases.take(tx, *PAIR, holder, seconds, **more)


def test_one_holder_at_a_time(database):
    first = take(database)
    with pytest.raises(LeaseHeld, match="d-1 is applying to app in staging"):
        take(database, "d-2")
    with database.write() as tx:
        assert leases.take(tx, "app", "production", "d-2", 60).token == 1
        leases.check(tx, first)


def test_tokens_grow_for_ever(database):
    tokens = []
    for _ in range(4):
        lease = take(database)
        tokens.append(lease.token)
        with database.write() as tx:
            assert leases.release(tx, lease)
            assert not leases.release(tx, lease)
            assert leases.current(tx, *PAIR) is None
    assert tokens == [1, 2, 3, 4]


def test_an_expired_one_may_be_taken_and_the_old_holder_is_fenced(database):
    old = take(database, seconds=-1)
    new = take(database, "d-2")
    assert new.token == old.token + 1
    fence = leases.LeaseFence(database, old)
    with pytest.raises(LeaseLost):
        fence.check()
    with database.write() as tx, pytest.raises(LeaseLost):
        leases.renew(tx, old, 60)
    with database.write() as tx:
        assert not leases.release(tx, old)
        assert leases.holds(tx, new)


def test_an_expired_one_that_nobody_took_may_be_renewed_but_writes_nothing_until_then(database):
    lease = take(database, seconds=-1)
    fence = leases.LeaseFence(database, lease)
    with pytest.raises(LeaseLost):
        fence.check()
    with database.write() as tx:
        leases.renew(tx, lease, 60)
    fence.check()


def test_the_same_holder_takes_it_again_only_when_it_says_so(database):
    old = take(database)
    with pytest.raises(LeaseHeld):
        take(database)
    new = take(database, again=True)
    assert new.token == old.token + 1
    with database.read() as tx:
        assert not leases.holds(tx, old)
    with pytest.raises(LeaseHeld):
        take(database, "d-2", again=True)


def test_a_released_one_writes_nothing(database):
    lease = take(database)
    with database.write() as tx:
        leases.release(tx, lease)
    with database.read() as tx, pytest.raises(LeaseLost):
        leases.check(tx, lease)


RACE = """
from interlock.store import leases
from interlock.model.errors import LeaseHeld
wins = 0
while wins < 10:
    try:
        with store.database.write() as tx:
            lease = leases.take(tx, "app", "staging", sys.argv[2], 60)
    except LeaseHeld:
        time.sleep(0.001); continue
    wins += 1
    inside = Path(sys.argv[1]) / "inside"
    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))   # fails when two are inside
    print(lease.token, flush=True)
    inside.unlink()
    with store.database.write() as tx:
        assert leases.release(tx, lease)
"""


def test_racing_processes_are_never_inside_together(store, start):
    tokens = [int(t) for process in [start(RACE, f"d-{n}") for n in range(4)] for t in ended(process).split()]
    assert sorted(tokens) == list(range(1, 41))


def test_racing_threads_have_one_winner(database):
    won, gate = [], threading.Barrier(8)

    def run(holder):
        gate.wait()
        with contextlib.suppress(LeaseHeld):
            won.append(take(database, holder))

    threads = [threading.Thread(target=run, args=(f"d-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_holder_that_is_killed_blocks_nobody_for_longer_than_its_time(store, start):
    process = start(
        'from interlock.store import leases\nwith store.database.write() as tx: leases.take(tx, "app", "staging", "d-1", 0.2)\ndie()'
    )
    process.wait(60)
    assert process.returncode == -9
    for _ in range(200):
        try:
            assert take(store.database, "d-2").token == 2
            return
        except LeaseHeld:
            threading.Event().wait(0.05)
    pytest.fail("the lease of a dead process did not run out")
