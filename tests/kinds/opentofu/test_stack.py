"""What only the source says: protection, versions, backend, fingerprint; and moved blocks."""

from pathlib import Path

import pytest

from interlock.kinds.opentofu.moves import moved_blocks, moves_back
from interlock.kinds.opentofu.stack import Stack, read_stack
from interlock.model.change import Action, Change

GUARDED = 'resource "lab_item" "a" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'


def tree(root: Path, **files: str) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_tf", ".tf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def read(root: Path, *, opentofu: bool = True) -> Stack:
    return read_stack(root, "app", opentofu=opentofu)


def test_protection_is_found_in_modules_however_deep_and_for_each_call(tmp_path: Path) -> None:
    tree(
        tmp_path,
        app__main_tf='module "one" {\n  source = "../m"\n}\nmodule "two" {\n  source = "../m"\n}\n',
        m__main_tf='module "deep" {\n  source = "./n"\n}\n',
        m__n__main_tf="\n" + GUARDED,
    )
    found = {address: str(place) for address, place in read(tmp_path).protected.items()}
    assert found == {
        "module.one.module.deep.lab_item.a": "m/n/main.tf:2",
        "module.two.module.deep.lab_item.a": "m/n/main.tf:2",
    }


def test_a_linked_module_calls_from_where_it_really_is(tmp_path: Path) -> None:
    tree(
        tmp_path,
        app__main_tf='module "l" {\n  source = "./linked"\n}\n',
        real__deep__m__main_tf='module "n" {\n  source = "../n"\n}\n',
        real__deep__n__main_tf=GUARDED,
    )
    (tmp_path / "app/linked").symlink_to("../real/deep/m")
    assert list(read(tmp_path).protected) == ["module.l.module.n.lab_item.a"]


def test_a_module_that_calls_itself_and_one_outside_end(tmp_path: Path) -> None:
    tree(
        tmp_path,
        app__main_tf='module "x" {\n  source = "./"\n}\nmodule "y" {\n  source = "../../elsewhere"\n}\n' + GUARDED,
    )
    assert list(read(tmp_path).protected) == ["lab_item.a"]


def test_an_override_file_takes_protection_back(tmp_path: Path) -> None:
    tree(tmp_path, app__main_tf=GUARDED, app__main_override_tf=GUARDED.replace("true", "false"))
    assert (tmp_path / "app/main_override.tf").exists()
    assert read(tmp_path).protected == {}


def test_tofu_files_stand_in_for_their_twins_with_opentofu_only(tmp_path: Path) -> None:
    tree(tmp_path, app__main_tf='terraform {\n  required_version = "~> 1.5"\n}\n')
    (tmp_path / "app/main.tofu").write_text('terraform {\n  required_version = "~> 1.8"\n}\n')
    assert [r.constraint for r in read(tmp_path).requirements] == ["~> 1.8"]
    assert [r.place for r in read(tmp_path, opentofu=False).requirements] == ["app/main.tf:1"]


BASE = {
    "app__main_tf": 'module "m" {\n  source = "../m"\n}\nresource "lab_item" "a" {\n  size = 1\n}\n',
    "m__main_tf": 'variable "x" {}\n',
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"app__main_tf": BASE["app__main_tf"].replace("size = 1", "size = 2")}, True),
        ({"m__main_tf": 'variable "y" {}\nresource "lab_item" "b" {}\n'}, False),  # m had no provider before
        ({"app__main_tf": BASE["app__main_tf"] + 'resource "lab_item" "c" {}\n'}, True),
        ({"app__main_tf": BASE["app__main_tf"] + 'resource "other_item" "c" {}\n'}, False),
        ({"app__main_tf": BASE["app__main_tf"].replace("../m", "../m2"), "m2__main_tf": ""}, False),
        ({"app__main_tf": BASE["app__main_tf"] + 'terraform {\n  backend "s3" {\n    key = "k"\n  }\n}\n'}, False),
        ({"app__more_tf": 'module "r" {\n  source = "acme/net/aws"\n  version = "1.0"\n}\n'}, False),
    ],
)
def test_the_fingerprint_changes_with_what_init_depends_on(tmp_path: Path, change: dict[str, str], same: bool) -> None:
    before = read(tree(tmp_path, **BASE)).fingerprint
    assert (read(tree(tmp_path, **change)).fingerprint == before) is same


def test_the_version_of_a_module_from_elsewhere_is_in_the_fingerprint(tmp_path: Path) -> None:
    call = 'module "r" {\n  source  = "acme/net/aws"\n  version = "1.0"\n}\n'
    before = read(tree(tmp_path, app__main_tf=call)).fingerprint
    assert read(tree(tmp_path, app__main_tf=call.replace("1.0", "1.1"))).fingerprint != before


def test_moved_blocks_of_either_syntax() -> None:
    hcl = b'moved {\n  from = lab_item.a\n  to = module.m["x y"].lab_item.b[0]\n}\nmoved {\n  from = lab_item.c\n}\nresource "x" "y" {}\n'
    assert moved_blocks(hcl, is_json=False) == (("lab_item.a", 'module.m["x y"].lab_item.b[0]'),)
    assert moved_blocks(b'{"moved": [{"from": "a.b", "to": "a.c"}]}', is_json=True) == (("a.b", "a.c"),)
    for nothing in (b"{}", b"[]", b'{"moved": 1}', b"no json", b'{"moved": {"from": "a.b"}}'):
        assert moved_blocks(nothing, is_json=True) == ()


@pytest.mark.parametrize(
    ("moved", "written", "expected"),
    [
        (("c", "b"), [], [("c", "b")]),
        (("c", "b"), [("a", "b")], [("c", "a")]),
        (("c", "b"), [("z", "a"), ("a", "b")], [("c", "z")]),
        (('c["k"]', 'b["k"]'), [("a", "b")], [('c["k"]', 'a["k"]')]),
        (("a", "b"), [("a", "b")], []),  # the source itself moves it back
        (("c", "b"), [("a", "b"), ("b", "a")], [("c", "a")]),  # a circle ends
    ],
)
def test_moves_back(moved: tuple[str, str], written: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    change = Change(moved[0], Action.MOVE, previous_address=moved[1])
    assert moves_back((change, Change("x", Action.UPDATE)), written) == tuple(expected)
