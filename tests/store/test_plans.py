from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.digest import Keyed
from interlock.model.errors import ArtifactMismatch, Corrupt, NotFound
from interlock.model.gate import Gate, Verdict
from interlock.model.manifest import Manifest
from interlock.model.plan import Plan
from interlock.model.receipt import Outcome, Output, Receipt
from interlock.store import ids, plans
from interlock.store.encoding import dump, load

from .values import BLOB, manifest, plan, release


@pytest.fixture
def stored(database, keyed):
    with database.write() as tx:
        value = plan(ids.new(tx, ids.PLAN))
        plans.put(tx, keyed, value, deployment="d-1")
    return value


def get(database, keyed, id_):
    with database.read() as tx:
        return plans.get(tx, keyed, id_)


def test_a_plan_comes_back_as_it_was(database, keyed, stored):
    found = get(database, keyed, stored.id)
    assert found.plan == stored
    assert (found.deployment, found.consumed, found.consumed_fence) == ("d-1", "", 0)
    with database.read() as tx:
        assert plans.of_deployment(tx, keyed, "d-1") == (found,)


def test_one_without_an_artifact(database, keyed):
    with database.write() as tx:
        value = plan(ids.new(tx, ids.PLAN), artifact=None)
        plans.put(tx, keyed, value)
    assert get(database, keyed, value.id).plan == value


COLUMNS = ["component", "environment", "deployment", "intent", "artifact_digest", "document", "mac"]


@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_row_is_refused(database, keyed, stored, column):
    with database.write() as tx:
        tx.execute(f"UPDATE plans SET {column} = replace({column}, substr({column}, 1, 1), 'Z')")
    with pytest.raises(ArtifactMismatch):
        get(database, keyed, stored.id)


def test_a_speculative_plan_made_appliable_is_refused(database, keyed):
    with database.write() as tx:
        value = plan(ids.new(tx, ids.PLAN), speculative=True)
        plans.put(tx, keyed, value)
        assert not plans.consume(tx, value.id, 1)
        tx.execute("UPDATE plans SET speculative = 0")
    with pytest.raises(ArtifactMismatch):
        get(database, keyed, value.id)


def test_one_copied_over_anothers_is_refused(database, keyed, stored):
    with database.write() as tx:
        other = plan(ids.new(tx, ids.PLAN), component="network")
        plans.put(tx, keyed, other, deployment="d-1")
        row = tx.one("SELECT document, mac FROM plans WHERE id = :id", id=other.id)
        tx.execute("UPDATE plans SET document = :document, mac = :mac WHERE id = :id", id=stored.id, **row)
    with pytest.raises(ArtifactMismatch):
        get(database, keyed, stored.id)


def test_a_deleted_one_is_not_found(database, keyed, stored):
    with database.write() as tx:
        tx.execute("DELETE FROM plans")
        assert not plans.consume(tx, stored.id, 1)
    with pytest.raises(NotFound):
        get(database, keyed, stored.id)


def test_another_key_reads_none(database, stored):
    with pytest.raises(ArtifactMismatch):
        get(database, Keyed(b"o" * 32), stored.id)


def test_a_plan_is_used_up_once(database, keyed, stored):
    def consume(token):
        with database.write() as tx:
            return plans.consume(tx, stored.id, token)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(consume, range(1, 17)))
    assert won.count(True) == 1
    assert get(database, keyed, stored.id).consumed_fence == won.index(True) + 1
    assert not consume(99)


RECEIPT = Receipt(
    Outcome.PARTIAL,
    ("a",),
    ("b",),
    outputs={"u": Output(1), "s": Output({"x": None}, True)},
    outputs_blob=BLOB,
    base={"serial": 2},
    error="e",
    kept={"f": BLOB},
)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Plan, plan("p-1")),
        (Manifest, manifest("d-1")),
        (Receipt, RECEIPT),
        (type(release("r-1")), release("r-1")),
        (tuple[Gate, ...], (Gate("hold", Verdict.FAIL, "why", "how", "then"),)),
        (tuple[Gate, ...], ()),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_values_survive_their_text(type_, value):
    assert load(type_, dump(value)) == value


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "3", '{"x": 1}', '{"outcome": "none"}', '{"outcome": "failed", "kept": {"a": 1}}']
)
def test_damaged_text_is_told(text):
    with pytest.raises(Corrupt):
        load(Receipt, text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values, st.text(st.characters(codec="utf-8")), st.booleans())
def test_any_output_survives(value, name, sensitive):
    receipt = Receipt(Outcome.COMPLETE, outputs={name: Output(value, sensitive)}, base={"b": value})
    assert load(Receipt, dump(receipt)) == receipt
