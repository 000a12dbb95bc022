"""Values of the model to store: small, complete, different by their arguments."""

from interlock.model.change import Action, Change, Note, OutputChange, Undo, masked
from interlock.model.check import Check
from interlock.model.digest import sha256
from interlock.model.manifest import EnvironmentSpec, Manifest, Pair, Step
from interlock.model.plan import Blob, Direction, Plan, Planned, Tool
from interlock.model.receipt import Output
from interlock.model.release import Release, ReleaseStatus

BLOB = Blob("ab" * 32, 12)


def pair(component="app", environment="staging"):
    check = Check("http", "health", {"url": "${outputs.url}/health", "status": 200})
    return Pair(component, environment, "opentofu", {"path": f"stacks/{component}"}, {"n": 1}, ("network",), (check,))


def manifest(deployment, components=("app", "network"), environments=("staging",), commit="c1", type_="deploy"):
    steps = tuple(
        Step(pair(component, environment), Direction.DEPLOY, ("own file",), BLOB, commit, "t1")
        for environment in environments
        for component in components
    )
    specs = tuple(EnvironmentSpec(e) for e in environments)
    return Manifest(deployment, type_, commit, "t1", "", ("ann@acme.example",), "ann@acme.example", specs, steps)


def plan(id_, component="app", environment="staging", intent="i1", speculative=False, artifact=BLOB):
    changes = (
        Change("item.a", Action.CREATE, after={"name": "a", "secret": masked("d1"), "list": [1, None, True]}),
        Change(
            "item.b", Action.REPLACE, replace_paths=(("tags", 0, "x"),), undo=Undo.LOSSY, undo_reason="new and empty"
        ),
    )
    outputs = (OutputChange("url", Action.UPDATE, "http://a", "http://b"),)
    planned = Planned(changes, {"serial": 3}, Tool("tofu", "1.12.6"), artifact, outputs, (), (Note("n", "look"),))
    return Plan(
        id_, component, environment, "opentofu", Direction.DEPLOY, "c1", "t1", planned, BLOB, BLOB, intent, speculative
    )


def release(id_, component="app", environment="staging", status=ReleaseStatus.APPLIED, commit="c1", **more):
    values = {
        "id": id_,
        "component": component,
        "environment": environment,
        "kind": "opentofu",
        "status": status,
        "direction": Direction.DEPLOY,
        "commit": commit,
        "tree": "t1",
        "deployment": "d-1",
        "plan": "p-1",
        "pair": pair(component, environment),
        "closure": Blob(sha256(f"source of {id_}".encode()), 12),
        "inputs": BLOB,
        "outputs": {"url": Output("http://a"), "token": Output(masked("d2"), True)},
        "outputs_blob": BLOB,
        "base": {"serial": 4},
        "base_before": {"serial": 3, "empty": False},
        "tool": Tool("tofu", "1.12.6", {"lab": "1.0"}),
        "artifacts": {"app.tar": BLOB},
    }
    return Release(**(values | more))
