from hypothesis import given
from hypothesis import strategies as st

from interlock.kinds.opentofu.undo import configuration_address, with_undo
from interlock.model.change import Action, Change, Undo
from interlock.model.errors import Location

PLACE = Location("main.tf", 3)


def undo_of(change: Change, *protected: str) -> Undo:
    (found,) = with_undo((change,), dict.fromkeys(protected, PLACE))
    assert bool(found.undo_reason) == (found.undo is not Undo.RESTORABLE)
    return found.undo


def test_each_action_has_its_class() -> None:
    classes = {action: undo_of(Change("lab_item.a", action)) for action in Action}
    assert classes == {
        Action.CREATE: Undo.RESTORABLE,
        Action.UPDATE: Undo.RESTORABLE,
        Action.MOVE: Undo.RESTORABLE,
        Action.READ: Undo.RESTORABLE,
        Action.NONE: Undo.RESTORABLE,
        Action.DELETE: Undo.LOSSY,
        Action.REPLACE: Undo.LOSSY,
        Action.FORGET: Undo.IRREVERSIBLE,
        Action.IMPORT: Undo.IRREVERSIBLE,
    }
    assert undo_of(Change("lab_item.a", Action.UPDATE, importing="things/1")) is Undo.IRREVERSIBLE


def test_prevent_destroy_forbids_undoing_what_would_delete() -> None:
    keyed = 'module.m["a.b"].lab_item.a[0]'
    assert undo_of(Change(keyed, Action.CREATE), "module.m.lab_item.a") is Undo.IRREVERSIBLE
    assert undo_of(Change(keyed, Action.REPLACE), "module.m.lab_item.a") is Undo.IRREVERSIBLE
    assert undo_of(Change(keyed, Action.UPDATE), "module.m.lab_item.a") is Undo.RESTORABLE
    assert undo_of(Change(keyed, Action.CREATE), "lab_item.a", "module.m.lab_item.b") is Undo.RESTORABLE


keys = st.one_of(
    st.integers(0, 99).map(str),
    st.text(min_size=1).map(lambda t: '"' + t.replace("\\", "\\\\").replace('"', '\\"') + '"'),
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b-c", "d_1"]), st.none() | keys), max_size=3), st.none() | keys)
def test_the_address_in_the_configuration_has_no_keys(modules: list[tuple[str, str | None]], key: str | None) -> None:
    def keyed(name: str, key: str | None) -> str:
        return name if key is None else f"{name}[{key}]"

    address = "".join(f"module.{keyed(name, k)}." for name, k in modules) + keyed("lab_item.x", key)
    assert configuration_address(address) == "".join(f"module.{name}." for name, _ in modules) + "lab_item.x"
