"""What `affected` says is what `deploy` then touches: no more, no less."""

import shutil

import pytest

from e2e.shop import Shop, item
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]

BOTH = "  one: {zone: development}\n  two: {zone: development, after: one}"
SIZE = 'variable "size" {\n  type = number\n  default = 1\n}\n'


def _affected(shop: Shop) -> dict[str, list[tuple[str, str]]]:
    """Environment/component → (type of reason, what it is about)."""
    pairs = shop.run("affected", "--json").expect(0).json["pairs"]
    return {f"{p['environment']}/{p['component']}": [(r["type"], r["path"]) for r in p["reasons"]] for p in pairs}


def _module(name: str, body: str) -> str:
    head = 'terraform {\n  required_providers {\n    lab = { source = "registry.opentofu.org/interlock/lab" }\n  }\n}\n'
    return f'{head}variable "environment" {{ type = string }}\n{body}'


def _call(name: str, source: str) -> str:
    return f'module "{name}" {{\n  source = "{source}"\n  environment = var.environment\n}}\n'


def test_exactly_what_it_says(shop: Shop) -> None:
    del shop.stacks["app"]
    shop.organization(BOTH)
    for name, body in (("a", _call("b", "../b")), ("b", _call("c", "../c")), ("c", item("deep"))):
        shop.write(f"modules/{name}/main.tf", _module(name, body))
    shop.stack("deep", main=_call("a", "../../modules/a"))
    files = ", ".join(f"{name}: {{var_files: [{name}.tfvars]}}" for name in ("one", "two"))
    shop.stack(
        "plain", main=SIZE + item("plain").replace("size = 1", "size = var.size"), more=f"environments: {{{files}}}"
    )
    for name in ("one", "two"):
        shop.write(f"stacks/plain/{name}.tfvars", "size = 1\n")
    shop.commit("Two stacks, one with a module three levels down")
    shop.deploy().expect(0)

    mark = shop.mark()
    shop.write("modules/c/main.tf", _module("c", item("deep", size=2)))
    shop.commit("A module three levels down")
    found = _affected(shop)
    assert found == {f"{e}/deep": [("module chain", "modules/c/main.tf")] for e in ("one", "two")}
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["PUT one/deep", "PUT two/deep"]

    mark = shop.mark()
    shop.write("stacks/plain/two.tfvars", "size = 2\n")
    shop.commit("One environment's var file")
    assert _affected(shop) == {"two/plain": [("var file", "stacks/plain/two.tfvars")]}
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["PUT two/plain"]

    mark = shop.mark()
    (shop.repository / "stacks/plain").rename(shop.repository / "stacks/renamed")
    shop.stacks["plain"] = shop.stacks["plain"].replace("stacks/plain", "stacks/renamed")
    shop.components()
    shop.commit("Rename a folder")
    assert {name: [kind for kind, _ in why] for name, why in _affected(shop).items()} == {
        "one/plain": ["configuration key"],
        "two/plain": ["configuration key"],
    }
    done = shop.deploy().expect(0)
    assert set(shop.states(done.id)) == {"one/plain", "two/plain"}
    assert shop.writes(mark) == []
    assert _affected(shop) == {}


def test_removed_components_go_dependants_first(shop: Shop, lab: LabCloud) -> None:
    shop.stack("base")
    shop.stack("user", main=item("user", more="content = var.id") + 'variable "id" { type = string }\n', depends_on=["base"],
               more='variables: {environment: "${environment.name}", id: "${components.base.outputs.id}"}')  # fmt: skip
    shop.commit("Three stacks")
    shop.deploy().expect(0)
    mark = shop.mark()
    for name in ("base", "user"):
        del shop.stacks[name]
        shutil.rmtree(shop.repository / "stacks" / name)  # only the release has the sources now
    shop.components()
    shop.commit("Remove two")
    found = shop.run("affected", "--json").expect(0).json["pairs"]
    assert {(p["component"], p["removal"]) for p in found} == {("base", True), ("user", True)}
    plan = shop.run("plan", "--json").expect(0).json
    assert {(s["component"], s["direction"], s["counts"]["delete"]) for s in plan["steps"]} == {
        ("base", "remove", 1),
        ("user", "remove", 1),
    }
    lab.faults.add("latency", methods=("DELETE",), name="user", seconds=1.5)  # nobody overtakes it
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["DELETE dev/user", "DELETE dev/base"]
    assert shop.sizes() == {"dev/app": 1}
    assert _affected(shop) == {}
    assert "Nothing to deploy" in shop.deploy().expect(0).text


def test_a_dependant_is_dropped_when_the_outputs_stay(shop: Shop, lab: LabCloud) -> None:
    shop.stack("user", main=item("user", more="content = var.id") + 'variable "id" { type = string }\n', depends_on=["app"],
               more='variables: {environment: "${environment.name}", id: "${components.app.outputs.id}"}')  # fmt: skip
    shop.commit("Two stacks")
    shop.deploy().expect(0)
    mark = shop.mark()
    shop.stack("app", size=2)
    shop.commit("The output stays")
    pairs = shop.run("affected", "--json").expect(0).json["pairs"]
    assert {p["component"]: p["conditional"] for p in pairs} == {"app": False, "user": True}
    done = shop.deploy().expect(0)
    assert shop.states(done.id) == {"dev/app": "verified", "dev/user": "dropped"}
    assert shop.writes(mark) == ["PUT dev/app"]
    mark = shop.mark()
    shop.stack("app", size=2, zone='"west"')
    shop.commit("The output changes")
    deferred = {s["component"]: s["deferred_on"] for s in shop.run("plan", "--json").expect(0).json["steps"]}
    assert [bool(deferred["app"]), bool(deferred["user"])] == [False, True]
    done = shop.deploy().expect(0)
    assert shop.states(done.id) == {"dev/app": "verified", "dev/user": "verified"}
    assert shop.writes(mark) == ["DELETE dev/app", "POST dev/app", "PUT dev/user"]
    assert lab.item("dev", "user").written["content"] == lab.item("dev", "app").id


def test_two_var_files_on_one_state(shop: Shop) -> None:
    shop.organization(BOTH)
    files = "environments: {one: {var_files: [one.tfvars]}, two: {var_files: [two.tfvars]}}"
    shop.stack("app", head=f'  backend "local" {{ path = "{shop.folder}/state" }}\n', more=files)
    for name in ("one", "two"):
        shop.write(f"stacks/app/{name}.tfvars", "")
    shop.commit("Two on one")
    for verb in ("validate", "plan", "deploy"):
        refused = shop.run(verb).expect(78)
        assert "one/app" in refused.text
        assert "two/app" in refused.text
    assert shop.writes() == []
