import pytest

from interlock.model.errors import NotFound
from interlock.model.release import ReleaseStatus
from interlock.store import ids, ledger

from .values import release

VERIFIED, FAILED, UNDONE, REMOVED, APPLIED = (
    ReleaseStatus.VERIFIED, ReleaseStatus.FAILED, ReleaseStatus.UNDONE, ReleaseStatus.REMOVED, ReleaseStatus.APPLIED,
)  # fmt: skip


def record(tx, *statuses, **more):
    return [ledger.record(tx, release(ids.new(tx, ids.RELEASE), status=status, **more)) for status in statuses]


def test_a_release_comes_back_as_it_was(database):
    with database.write() as tx:
        (made,) = record(tx, APPLIED)
        assert made.at
        assert ledger.get(tx, made.id) == made == ledger.current(tx, "app", "staging")
        with pytest.raises(NotFound):
            ledger.get(tx, "r-zzzz")


@pytest.mark.parametrize(
    ("statuses", "standing"),
    [
        ((), None),
        ((VERIFIED,), 0),
        ((VERIFIED, APPLIED), 1),
        ((VERIFIED, FAILED), 1),
        ((VERIFIED, UNDONE), 0),
        ((VERIFIED, UNDONE, UNDONE), 0),
        ((VERIFIED, REMOVED), None),
        ((VERIFIED, REMOVED, UNDONE), None),
        ((VERIFIED, REMOVED, APPLIED), 2),
        ((UNDONE,), None),
    ],
)
def test_what_stands(database, statuses, standing):
    with database.write() as tx:
        made = record(tx, *statuses)
        record(tx, VERIFIED, environment="production")
        current = ledger.current(tx, "app", "staging")
        assert current == (None if standing is None else made[standing])
        assert list(ledger.all_current(tx, "staging")) == ([current] if current else [])
        newest = ledger.newest(tx, "app", "staging")
        assert newest == (made[-1] if made else None)


def test_a_failed_and_undone_release_goes_back_to_what_stood_before(database):
    with database.write() as tx:
        (first,) = record(tx, VERIFIED)
        (bad,) = record(tx, APPLIED)
        assert ledger.set_status(tx, bad.id, FAILED, expect=APPLIED)
        assert not ledger.set_status(tx, bad.id, VERIFIED, expect=APPLIED)
        (back,) = record(tx, APPLIED, restores=first.id)
        assert ledger.set_status(tx, bad.id, UNDONE, undone_by=back.id)
        assert ledger.set_status(tx, back.id, VERIFIED)
        assert ledger.get(tx, bad.id).undone_by == back.id
        assert ledger.get(tx, back.id).verified_at
        (worse,) = record(tx, APPLIED)
        assert ledger.previous(tx, worse).id == back.id
        assert ledger.previous(tx, back).id == first.id
        assert ledger.previous(tx, first) is None


def test_a_person_rolls_back_past_what_failed_and_what_was_restored(database):
    with database.write() as tx:
        one, _failed, three, bad = record(tx, VERIFIED, FAILED, VERIFIED, UNDONE)
        (back,) = record(tx, VERIFIED, restores=three.id)
        assert ledger.rollback_target(tx, three).id == one.id
        assert ledger.rollback_target(tx, back).id == one.id
        assert ledger.rollback_target(tx, bad).id == three.id
        assert ledger.rollback_target(tx, one) is None


def test_a_correction_is_no_step_back(database):
    with database.write() as tx:
        one, two = record(tx, VERIFIED, VERIFIED)
        (corrected,) = record(tx, VERIFIED, closure=two.closure)
        assert ledger.previous(tx, corrected).id == two.id
        assert ledger.rollback_target(tx, corrected).id == one.id


def test_nothing_is_rolled_back_past_a_tombstone(database):
    with database.write() as tx:
        _, _, third = record(tx, VERIFIED, REMOVED, VERIFIED)
        assert ledger.previous(tx, third) is None
        assert ledger.rollback_target(tx, third) is None


def test_all_that_stands_is_sorted(database):
    with database.write() as tx:
        for environment in ("staging", "production"):
            for component in ("network", "app", "gone"):
                record(tx, VERIFIED, APPLIED, environment=environment, component=component)
        record(tx, REMOVED, environment="staging", component="gone")
        names = [(r.environment, r.component, r.status) for r in ledger.all_current(tx)]
        assert names == [
            ("production", "app", APPLIED), ("production", "gone", APPLIED), ("production", "network", APPLIED),
            ("staging", "app", APPLIED), ("staging", "network", APPLIED),
        ]  # fmt: skip


def test_history_is_newest_first_and_of_every_status(database):
    with database.write() as tx:
        made = record(tx, VERIFIED, UNDONE, REMOVED, deployment="d-9")
        record(tx, VERIFIED, component="web")
        assert [r.id for r in ledger.history(tx, component="app")] == [r.id for r in reversed(made)]
        assert len(ledger.history(tx, environment="staging", limit=2)) == 2
        assert [r.id for r in ledger.of_deployment(tx, "d-9")] == [r.id for r in made]
