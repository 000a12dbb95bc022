"""Approvals, holds, gates' ages, drift and notices: small tables whose rules matter."""

import pytest

from interlock.model.gate import Gate, Verdict
from interlock.store import approvals, drift, gates, holds, notices

PLACE = {"environment": "staging", "component": "app", "plan": "p-1"}


def say(tx, person, approves=True, deployment="d-1", intent="i1", **more):
    return approvals.record(
        tx, approves=approves, deployment=deployment, intent=intent, person=person, **(PLACE | more)
    )


def valid(tx, deployment="d-1", intent="i1", component="app", environment="staging"):
    return [(a.person, a.approves) for a in approvals.valid_for(tx, intent, component, environment, deployment)]


def test_people_count_once(database):
    with database.write() as tx:
        first, new = say(tx, "Ann@acme.example")
        assert new
        assert say(tx, "ann@acme.example ") == (first, False)
        say(tx, "bob@acme.example")
        assert valid(tx) == [("ann@acme.example", True), ("bob@acme.example", True)]
        assert len(approvals.of_deployment(tx, "d-1")) == 2


def test_an_approval_is_of_one_intent_in_one_place(database):
    with database.write() as tx:
        say(tx, "ann")
        assert valid(tx, deployment="d-2") == [("ann", True)]
        for other in ({"intent": "i2"}, {"component": "web"}, {"environment": "production"}):
            assert valid(tx, **other) == []


def test_a_no_takes_the_yes_back_but_fails_only_its_deployment(database):
    with database.write() as tx:
        say(tx, "ann")
        say(tx, "ann", approves=False, deployment="d-2")
        assert valid(tx, deployment="d-2") == [("ann", False)]
        assert valid(tx, deployment="d-3") == []
        assert say(tx, "ann", approves=False, deployment="d-2")[1] is False
        assert say(tx, "ann", approves=False, deployment="d-3")[1] is True
        say(tx, "ann", deployment="d-3")
        assert valid(tx, deployment="d-2") == valid(tx, deployment="d-3") == [("ann", True)]


def test_a_verified_yes_replaces_an_unverified_one_and_not_the_reverse(database):
    with database.write() as tx:
        say(tx, "ann")
        assert say(tx, "ann", verified=True)[1] is True
        assert say(tx, "ann")[1] is False
        assert approvals.valid_for(tx, "i1", "app", "staging")[0].verified is True


def test_a_held_revision(database):
    with database.write() as tx:
        place = (tx, "staging", "app")
        assert holds.is_held(*place, "c1") is None
        holds.hold(*place, "c1", reason="check health failed", deployment="d-1")
        holds.hold(*place, "c1", reason="again", deployment="d-2")
        assert holds.is_held(*place, "c1") == "check health failed (d-1)"
        assert holds.is_held(tx, "production", "app", "c1") is None
        assert holds.is_held(*place, "c2") is None
        holds.hold(*place, "c2", reason="worse", deployment="d-3")
        assert [h.revision for h in holds.active(tx)] == ["c1", "c2"]
        assert holds.active(tx, environment="production") == ()
        assert holds.release(*place, person="ann", reason="fixed by hand") == ("c1", "c2")
        assert holds.release(*place, person="ann", reason="fixed by hand") == ()
        assert holds.is_held(*place, "c1") is None


def test_a_newer_verified_revision_ends_holds_and_a_new_failure_holds_again(database):
    with database.write() as tx:
        holds.hold(tx, "staging", "app", "c1", reason="broke", deployment="d-1")
        assert holds.end_by_newer(tx, "staging", "app", "r-2", ("c0", "c1")) == ("c1",)
        holds.hold(tx, "staging", "app", "c1", reason="broke again", deployment="d-3")
        (held,) = holds.active(tx)
        assert (held.reason, held.deployment, held.released_by) == ("broke again", "d-3", "")


def test_a_gate_keeps_its_age_while_its_verdict_stands(database):
    pending, passed = Gate("approval", Verdict.PENDING, "0 of 1"), Gate("approval", Verdict.PASS, "by ann")
    other = Gate("hold", Verdict.PASS, "not held")

    def judge(*found, write=True):
        with database.write() if write else database.read() as tx:
            return gates.since(tx, "d-1", "staging", "app", found)

    first = judge(pending, other)
    assert all(g.since for g in first)
    again = judge(Gate("approval", Verdict.PENDING, "0 of 2"), other)
    assert [g.since for g in again] == [g.since for g in first]
    assert again[0].reason == "0 of 2"
    shown = judge(passed, write=False)
    assert shown[0].since >= first[0].since
    assert judge(pending)[0].since == first[0].since  # showing noted nothing
    turned = judge(passed)[0]
    assert judge(passed)[0].since == turned.since
    assert [g.name for g in judge(other, passed)] == ["hold", "approval"]


@pytest.mark.parametrize(
    ("digests", "told"),
    [
        (["", ""], [False, False]),
        (["a", "a", "a"], [True, False, False]),
        (["a", "b", "", "a"], [True, True, True, True]),
    ],
)
def test_drift_is_told_when_the_set_changes(database, digests, told):
    with database.write() as tx:
        assert [drift.record(tx, "app", "staging", release="r-1", digest=d) for d in digests] == told


def test_drift_that_cannot_be_checked_keeps_what_was_known(database):
    with database.write() as tx:
        drift.record(tx, "app", "staging", release="r-1", digest="a", plan="p-1")
        assert drift.record_error(tx, "app", "staging", "no credentials") is True
        assert drift.record_error(tx, "app", "staging", "no credentials") is False
        found = drift.get(tx, "app", "staging")
        assert (found.digest, found.error, found.plan) == ("a", "no credentials", "p-1")
        assert drift.record(tx, "app", "staging", release="r-1", digest="a") is False
        assert drift.get(tx, "app", "staging").error == ""
        drift.record_error(tx, "new", "staging", "never checked")
        assert [(d.component, d.digest) for d in drift.all_known(tx)] == [("app", "a"), ("new", "")]


def test_notices_are_kept_newest_first(database):
    with database.write() as tx:
        notices.record(tx, "ops", "failed", delivered=True, deployment="d-1")
        notices.record(tx, "mail", "failed", delivered=False, deployment="d-1", detail="no answer")
        notices.record(tx, "ops", "drift", delivered=True)
        assert [(n.channel, n.delivered) for n in notices.newest(tx, deployment="d-1")] == [
            ("mail", False),
            ("ops", True),
        ]
        assert len(notices.newest(tx, limit=2)) == 2
