"""The verbs with a real tool over the lab cloud, whose contents and journal are the witness."""

import json
import os
import stat
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from interlock.model.change import Action, Undo
from interlock.model.errors import (
    ArtifactMismatch,
    ConfigurationError,
    InterlockError,
    LeaseLost,
    PartlyChanged,
    StalePlan,
    ToolFailed,
    ToolMismatch,
)
from interlock.model.plan import Direction, Planned
from interlock.model.receipt import Outcome, Receipt
from interlock.world import Finished
from interlock.world.proc import Programs
from interlock.world.secret_values import SecretText

from .bench import Bench, item

pytestmark = pytest.mark.tools

SIZED = 'variable "size" {\n  type = number\n}\n' + item("a", "  size = var.size")


def actions(planned: Planned) -> dict[str, Action]:
    return {c.address: c.action for c in planned.changes}


def writes(bench: Bench) -> list[tuple[str, str]]:
    return [(e.method, e.name) for e in bench.cloud.journal.writes() if e.method in ("POST", "PUT", "DELETE")]


# -- the way it should go


def test_deploy_then_nothing_to_do_then_change_then_remove(bench: Bench) -> None:
    bench.write(SIZED + 'output "size" {\n  value = lab_item.a.size\n}\n')
    first = bench.plan({"size": 1})
    assert actions(first) == {"lab_item.a": Action.CREATE}
    assert (first.base["serial"], first.base["lineage"], first.base["empty"]) == (0, "", True)
    assert first.tool.providers == {"registry.opentofu.org/interlock/lab": "0.1.0"}
    assert writes(bench) == []

    receipt = bench.apply(first, {"size": 1})
    assert (receipt.outcome, receipt.done, receipt.left) == (Outcome.COMPLETE, ("lab_item.a",), ())
    assert receipt.outputs["size"].value == 1
    assert bench.cloud.contents()["things"][0]["size"] == 1

    again = bench.plan({"size": 1})
    assert again.empty
    assert again.base["lineage"] == receipt.base["lineage"]
    assert bench.apply(again).outcome is Outcome.UNCHANGED

    bench.apply(bench.plan({"size": 2}), {"size": 2})
    assert bench.cloud.item("things", "a").written["size"] == 2

    gone = bench.plan({"size": 2}, direction=Direction.REMOVE)
    assert actions(gone) == {"lab_item.a": Action.DELETE}
    after = bench.apply(gone, {"size": 2})
    assert bench.cloud.items() == []
    assert after.base["empty"]
    assert writes(bench) == [("POST", "a"), ("PUT", "a"), ("DELETE", "a")]


def test_planning_twice_gives_the_same_plan(bench: Bench) -> None:
    bench.deploy(item("b") + item("a", "  size = 1"))
    bench.write(item("a", "  size = 2") + item("c"))
    one, two = bench.plan(), bench.plan()
    assert one.changes == two.changes
    assert one.outputs == two.outputs
    assert one.base == two.base
    assert [c.address for c in one.changes] == sorted(c.address for c in one.changes)


class Counting(Programs):
    """The real programs, and what was started."""

    started: list[str]

    def run(self, argv: Sequence[str | Path], **how: Any) -> Finished:  # type: ignore[override]
        self.started.append(str(argv[1]))
        for argument in map(str, argv):
            assert "s3cr3t" not in argument
        return super().run(argv, **how)


def test_no_start_of_the_tool_is_superfluous(bench: Bench) -> None:
    counting = Counting(bench.secrets, bench.cancel)
    counting.started = []
    bench.proc = counting
    bench.deploy(item("a"))
    assert counting.started == ["version", "init", "plan", "show", "apply"]
    counting.started.clear()
    bench.write(item("a", "  size = 2") + 'output "n" {\n  value = 1\n}\n')
    bench.apply(bench.plan())
    assert counting.started == ["plan", "show", "apply"]
    counting.started.clear()
    assert bench.plan().empty
    assert counting.started == ["plan"]


# -- kept init


def test_init_is_made_again_when_what_it_depends_on_changed(bench: Bench) -> None:
    counting = Counting(bench.secrets, bench.cancel)
    counting.started = []
    bench.proc = counting
    module = 'module "m" {\n  source = "./m"\n}\n'
    (bench.stack / "m").mkdir()
    (bench.stack / "m/main.tf").write_text('output "x" {\n  value = 1\n}\n')
    bench.deploy(item("a"))
    bench.write(item("a") + module)
    bench.plan()
    bench.plan()
    assert counting.started.count("init") == 2
    bench.write(item("a"))
    bench.plan()
    assert counting.started.count("init") == 2, "the earlier one was kept too"
    (bench.stack / ".terraform.lock.hcl").write_text((bench.work / "tool/lock.hcl").read_text() + "# altered\n")
    bench.plan()
    assert counting.started.count("init") == 3


def test_an_init_that_died_half_way_is_not_trusted(bench: Bench) -> None:
    bench.deploy(item("a"))
    (slot,) = [p.parent for p in (bench.work / "tool").glob("init-*/complete.json")]
    (slot / "complete.json").write_text('{"key": "')
    (slot / "data/terraform.tfstate").write_text("half")
    assert bench.plan().empty


def test_an_init_whose_providers_are_gone_is_made_again(bench: Bench) -> None:
    bench.deploy(item("a"))
    providers = [p for p in (bench.work / "tool").rglob("linux_amd64") if "providers" in str(p)]
    for found in providers:
        os.unlink(found) if found.is_symlink() else os.rename(found, f"{found}-gone")
        os.symlink(bench.folder / "nowhere", found)
    assert bench.plan().empty


def test_a_lock_file_of_the_repository_stays_as_it_is(bench: Bench) -> None:
    bench.deploy(item("a"))
    lock = bench.stack / ".terraform.lock.hcl"
    lock.write_text(lock.read_text().replace("0.1.0", "0.0.9"))
    with pytest.raises(ToolFailed, match="init of app in staging failed"):
        bench.plan()
    assert "0.0.9" in lock.read_text()


# -- exactness


def test_a_state_that_moved_makes_the_plan_stale(bench: Bench) -> None:
    bench.deploy(item("a", "  size = 1"))
    bench.write(item("a", "  size = 2"))
    approved = bench.plan()
    bench.write(item("a", "  size = 1") + item("b"))
    bench.apply(bench.plan())
    before = writes(bench)
    with pytest.raises(StalePlan) as raised:
        bench.apply(approved)
    assert "serial 1" in raised.value.message
    assert "serial 2" in raised.value.message
    assert writes(bench) == before


def test_a_plan_is_applied_once(bench: Bench) -> None:
    planned = bench.deploy(item("a"))
    with pytest.raises(StalePlan):
        bench.apply(planned)
    assert writes(bench) == [("POST", "a")]


def test_another_lineage_is_refused(bench: Bench) -> None:
    bench.deploy(item("a", "  size = 1"))
    bench.write(item("a", "  size = 2"))
    planned = bench.plan()
    current = bench.store.versions[-1]
    (other,) = bench.folder.glob("state/*.tfstate")
    other.write_bytes(current.data.replace(current.lineage.encode(), b"another-lineage"))
    with pytest.raises(StalePlan, match="another-lineage"):
        bench.apply(planned)


@pytest.mark.parametrize("meddle", ["alter", "forget", "swap"])
def test_stored_bytes_that_are_not_the_plans_are_refused(bench: Bench, meddle: str) -> None:
    bench.write(item("a"))
    planned = bench.plan()
    assert planned.artifact is not None
    if meddle == "swap":
        planned = Planned(**{**vars(planned), "artifact": bench.blobs.put(b"something else")})
    else:
        getattr(bench.blobs, meddle)(planned.artifact)
    with pytest.raises(ArtifactMismatch):
        bench.apply(planned)
    assert writes(bench) == []


def test_a_speculative_plan_is_never_applied(bench: Bench) -> None:
    bench.write(item("a"))
    planned = bench.plan(speculative=True)
    with pytest.raises(StalePlan, match="speculative"):
        bench.apply(planned, plan=bench.stored(planned, speculative=True))
    assert writes(bench) == []


def test_another_version_of_the_tool_is_refused(bench: Bench) -> None:
    bench.write(item("a"))
    planned = bench.plan()
    other = Planned(**{**vars(planned), "tool": type(planned.tool)("tofu", "1.0.0", planned.tool.providers)})
    with pytest.raises(ToolMismatch, match=r"1\.0\.0"):
        bench.apply(other)


def test_another_lock_file_is_refused(bench: Bench) -> None:
    bench.write(item("a"))
    planned = bench.plan()
    lock = bench.stack / ".terraform.lock.hcl"
    lock.write_text(lock.read_text().replace("0.1.0", "0.1.1"))
    with pytest.raises(StalePlan, match="lock"):
        bench.apply(planned)
    assert writes(bench) == []


def test_the_source_that_is_edited_after_the_plan_does_not_matter(bench: Bench) -> None:
    bench.write(item("a"))
    planned = bench.plan()
    bench.write(item("b"))
    assert bench.apply(planned).ok
    assert [i.name for i in bench.cloud.items()] == ["a"]


def test_without_the_lease_nothing_is_begun(bench: Bench) -> None:
    bench.write(item("a"))
    planned = bench.plan()
    bench.lease.lose()
    with pytest.raises(LeaseLost):
        bench.apply(planned)
    assert writes(bench) == []


@pytest.mark.parametrize(
    ("constraint", "where"),
    [("~> 0.11", "stacks/app/main.tf:"), (">= 99", "stacks/app/main.tf:"), (None, "`version` of")],
)
def test_a_version_that_does_not_fit_stops_before_anything_runs(
    bench: Bench, constraint: str | None, where: str
) -> None:
    bench.write(item("a"))
    main = bench.stack / "main.tf"
    if constraint:
        main.write_text(
            main.read_text().replace("terraform {", f'terraform {{\n  required_version = "{constraint}"', 1)
        )
    else:
        bench.settings = bench.settings.model_copy(update={"version": "!= 1.12.6, < 1.0"})
    with pytest.raises(ToolMismatch) as raised:
        bench.plan()
    assert where in raised.value.message
    assert not (bench.work / "tool").exists()


# -- undo


def undo(bench: Bench, undone: Planned, body: str | None, inputs: Mapping[str, Any] | None = None) -> Planned:
    """Plans the way back of `undone` to `body`, or to nothing."""
    if body is not None:
        bench.write(body)
    plan = bench.stored(undone)
    return bench.plan(inputs, direction=Direction.UNDO, undoing=plan, undo_to_nothing=body is None)


def test_created_and_updated_and_moved_are_undone(bench: Bench) -> None:
    old = item("keep", "  size = 1") + item("moved")
    bench.deploy(old)
    before = bench.cloud.contents()
    ids = {i.name: i.id for i in bench.cloud.items()}
    forward = bench.deploy(
        item("keep", "  size = 2")
        + item("moved", label="elsewhere")
        + item("new")
        + "moved {\n  from = lab_item.moved\n  to   = lab_item.elsewhere\n}\n"
    )
    assert {c.undo for c in forward.changes} == {Undo.RESTORABLE}
    back = undo(bench, forward, old)
    assert actions(back) == {
        "lab_item.keep": Action.UPDATE,
        "lab_item.moved": Action.MOVE,
        "lab_item.new": Action.DELETE,
    }
    assert bench.apply(back, plan=bench.stored(back, Direction.UNDO)).ok
    assert bench.cloud.contents() == before
    assert {i.name: i.id for i in bench.cloud.items()} == ids
    assert bench.plan().empty, "the generated moved blocks are gone, and nothing is left to do"


def test_a_move_is_undone_though_the_source_has_moved_blocks_of_its_own(bench: Bench) -> None:
    bench.deploy(
        'resource "lab_item" "a" {\n  for_each   = toset(["k"])\n  collection = "things"\n  name       = each.key\n}\n'
    )
    second = (
        'resource "lab_item" "b" {\n  for_each   = toset(["k"])\n  collection = "things"\n  name       = each.key\n}\n'
        "moved {\n  from = lab_item.a\n  to   = lab_item.b\n}\n"
    )
    bench.deploy(second)
    third = second.replace('"b"', '"c"') + "moved {\n  from = lab_item.b\n  to   = lab_item.c\n}\n"
    forward = bench.deploy(third)
    assert actions(forward) == {'lab_item.c["k"]': Action.MOVE}
    back = undo(bench, forward, second)
    assert actions(back) == {'lab_item.b["k"]': Action.MOVE}
    assert bench.apply(back).ok
    assert bench.plan().empty


def test_a_release_that_brought_a_provider_is_undone_with_the_older_lock_file(bench: Bench) -> None:
    old = 'resource "terraform_data" "x" {\n  input = 1\n}\n'
    lock = bench.stack / ".terraform.lock.hcl"
    bench.write("")
    (bench.stack / "main.tf").write_text(old)
    old_lock = "# The older release's.\n"
    lock.write_text(old_lock)
    assert bench.apply(bench.plan()).ok
    lock.unlink()
    (bench.work / "tool/lock.hcl").unlink(missing_ok=True)
    forward = bench.deploy(old + item("new"))
    bench.write("")
    (bench.stack / "main.tf").write_text(old)
    lock.write_text(old_lock)
    back = bench.plan(direction=Direction.UNDO, undoing=bench.stored(forward))
    assert actions(back) == {"lab_item.new": Action.DELETE}
    lock.write_text(old_lock)  # as the stored source has it, made anew for the apply
    assert bench.apply(back, plan=bench.stored(back, Direction.UNDO)).ok
    assert bench.cloud.items() == []


def test_a_first_deployment_is_undone_to_nothing(bench: Bench) -> None:
    forward = bench.deploy(item("a") + item("b"))
    back = undo(bench, forward, None)
    assert set(actions(back).values()) == {Action.DELETE}
    assert bench.apply(back).ok
    assert bench.cloud.items() == []


def test_undoing_to_nothing_never_destroys_what_was_there(bench: Bench) -> None:
    bench.deploy(item("production"))
    forward = bench.deploy(item("production") + item("new"))
    with pytest.raises(PartlyChanged, match=r"lab_item\.production"):
        undo(bench, forward, None)
    assert [i.name for i in bench.cloud.items()] == ["new", "production"]


def test_what_cannot_be_undone_is_named_in_the_plan(bench: Bench) -> None:
    protect = "  lifecycle {\n    prevent_destroy = true\n  }"
    bench.deploy(item("zoned", '  zone = "z1"') + item("deleted") + item("forgotten"))
    bench.cloud.add("things", "found")
    bench.write(
        item("zoned", '  zone = "z2"')
        + item("guarded", protect)
        + item("found")
        + f'import {{\n  to = lab_item.found\n  id = "things/{bench.cloud.item("things", "found").id}"\n}}\n'
        + "removed {\n  from = lab_item.forgotten\n  lifecycle {\n    destroy = false\n  }\n}\n"
    )
    found = {c.address: (c.undo, c.undo_reason) for c in bench.plan().changes}
    assert {address: undo for address, (undo, _) in found.items()} == {
        "lab_item.zoned": Undo.LOSSY,
        "lab_item.deleted": Undo.LOSSY,
        "lab_item.guarded": Undo.IRREVERSIBLE,
        "lab_item.found": Undo.IRREVERSIBLE,
        "lab_item.forgotten": Undo.IRREVERSIBLE,
    }
    assert "prevent_destroy (stacks/app/main.tf:" in found["lab_item.guarded"][1]


# -- drift


def test_drift_is_found_and_corrected(bench: Bench) -> None:
    bench.deploy(item("a", "  size = 1") + item("b") + item("c"))
    bench.cloud.edit("things", "a", size=9)
    bench.cloud.remove("things", "b")
    planned = bench.plan(direction=Direction.CORRECT)
    assert {c.address: c.action for c in planned.found} == {"lab_item.a": Action.UPDATE, "lab_item.b": Action.DELETE}
    assert actions(planned) == {"lab_item.a": Action.UPDATE, "lab_item.b": Action.CREATE}
    assert bench.apply(planned).ok
    assert bench.cloud.item("things", "a").written["size"] == 1
    assert bench.plan().empty


def test_what_ignore_changes_hides_is_said(bench: Bench) -> None:
    bench.deploy(item("a", "  size = 1\n  lifecycle {\n    ignore_changes = [size]\n  }"))
    bench.cloud.edit("things", "a", size=9)
    planned = bench.plan()
    assert planned.empty
    notes = {n.slug: n for n in planned.notes}
    assert notes["ignored-drift"].detail == ["size"]
    assert "size" in notes["ignored-attributes"].message


# -- failures, told truthfully


def failed(bench: Bench, planned: Planned, **how: Any) -> Receipt:
    receipt = bench.apply(planned, **how)
    assert not receipt.ok
    return receipt


def test_a_failure_in_the_middle_says_what_is_done_and_what_is_left(bench: Bench) -> None:
    bench.write(item("a") + item("b", "  depends_on = [lab_item.a]") + item("c", "  depends_on = [lab_item.b]"))
    planned = bench.plan()
    bench.cloud.faults.add("status", methods=("POST",), name="b", text="no room")
    receipt = failed(bench, planned)
    assert (receipt.outcome, receipt.done, receipt.left) == (
        Outcome.PARTIAL,
        ("lab_item.a",),
        ("lab_item.b", "lab_item.c"),
    )
    assert "Cannot create lab item things/b" in receipt.error
    assert "stacks/app/main.tf:" in receipt.error
    assert receipt.base["serial"] == bench.store.versions[-1].serial
    bench.cloud.faults.clear()
    assert actions(bench.plan()) == {"lab_item.b": Action.CREATE, "lab_item.c": Action.CREATE}


def test_a_failure_before_anything_was_written_says_so(bench: Bench) -> None:
    bench.deploy(item("a", "  size = 1"))
    bench.write(item("a", "  size = 2"))
    planned = bench.plan()
    bench.environ["LAB_TOKEN"] = "expired-token"
    bench.environ["LAB_URL"] = ""
    receipt = failed(bench, planned)
    assert (receipt.outcome, receipt.done) == (Outcome.FAILED, ())
    assert receipt.base["serial"] == bench.store.versions[-1].serial


def test_a_state_that_cannot_be_saved_is_kept(bench: Bench) -> None:
    bench.write(item("a"))
    planned = bench.plan()
    bench.cloud.faults.add("latency", methods=("POST",), seconds=1.0)
    timer = threading.Timer(0.6, bench.lease.lose)
    timer.start()
    receipt = failed(bench, planned)
    timer.join()
    assert receipt.outcome is Outcome.PARTIAL
    kept = json.loads(bench.blobs.get(receipt.kept["errored.tfstate"]))
    assert kept["resources"][0]["instances"][0]["attributes"]["name"] == "a"
    assert bench.store.current() is None
    assert [i.name for i in bench.cloud.items()] == ["a"]
    assert not list(bench.source.rglob("errored.tfstate"))


def soon(condition: Callable[[], bool], then: Callable[[], None]) -> threading.Thread:
    def wait() -> None:
        for _ in range(400):
            if condition():
                return then()
            time.sleep(0.02)
        return None

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_cancelled_in_the_middle_it_ends_soon_and_truthfully(bench: Bench) -> None:
    bench.write(item("a") + item("b", "  depends_on = [lab_item.a]") + item("c", "  depends_on = [lab_item.b]"))
    planned = bench.plan()
    bench.cloud.faults.add("latency", methods=("POST",), name="b", seconds=1.5)
    thread = soon(lambda: any("lab_item.b: Creating" in line for line in bench.lines), bench.cancel.request)
    receipt = failed(bench, planned)
    thread.join()
    assert receipt.error_slug == "cancelled"
    assert "lab_item.a" in receipt.done
    assert "lab_item.c" in receipt.left
    made = {f"lab_item.{i.name}" for i in bench.cloud.items()}
    if receipt.outcome is Outcome.PARTIAL:
        assert made == set(receipt.done)
    else:
        assert receipt.outcome is Outcome.UNKNOWN
    assert bench.store.holder() is None


def test_killed_hard_the_outcome_is_unknown_and_no_lock_is_left(bench: Bench) -> None:
    bench.write(item("a") + item("b", "  depends_on = [lab_item.a]"))
    planned = bench.plan()
    bench.cloud.faults.add("latency", methods=("POST",), name="b", seconds=5)
    thread = soon(
        lambda: any("lab_item.b: Creating" in line for line in bench.lines), lambda: bench.cancel.request(hard=True)
    )
    receipt = failed(bench, planned)
    thread.join()
    assert receipt.outcome is Outcome.UNKNOWN
    assert "lab_item.b" in receipt.error
    assert bench.store.holder() is None


@pytest.mark.parametrize("moment", ["plan", "apply", "applied"])
def test_a_provider_that_crashes(bench: Bench, moment: str) -> None:
    bench.write(item("a"))
    if moment == "plan":
        bench.environ["LAB_CRASH"] = "plan"
        with pytest.raises(ToolFailed, match="plan of app in staging failed"):
            bench.plan()
        return
    planned = bench.plan()
    bench.environ["LAB_CRASH"] = moment
    receipt = failed(bench, planned)
    assert receipt.outcome is Outcome.PARTIAL
    assert receipt.left == ("lab_item.a",)
    assert "crash" in receipt.error.lower() or "plugin" in receipt.error.lower()


def test_a_plan_that_fails_names_what_was_held_back(bench: Bench) -> None:
    bench.write(item("a"))
    bench.environ["LAB_URL"] = ""
    with pytest.raises(ToolFailed) as raised:
        bench.plan(held_back=("AWS_PROFILE", "LAB_URL"))
    assert raised.value.hint == f"held back from {bench.tools.tofu.name}: AWS_PROFILE, LAB_URL"
    assert "No lab cloud named" in raised.value.message


# -- secrets


SECRETIVE = (
    'variable "pw" {\n  type = string\n  sensitive = true\n}\nvariable "plain" {\n  type = string\n}\n'
    + item("a", "  secret  = var.pw\n  content = var.plain")
    + 'output "token" {\n  value     = lab_item.a.token\n  sensitive = true\n}\n'
)


def everything(bench: Bench, *values: Any) -> str:
    return "\n".join([*map(repr, values), *bench.lines])


def test_no_secret_in_what_is_returned_logged_or_left(bench: Bench) -> None:
    bench.secrets.register("s3cr3t-registered")
    inputs = {"pw": "s3cr3t-unregistered", "plain": SecretText("s3cr3t-registered", {"$secret": "X"})}
    counting = Counting(bench.secrets, bench.cancel)
    counting.started = []
    bench.proc = counting
    bench.write(SECRETIVE)
    planned = bench.plan(inputs)
    receipt = bench.apply(planned, inputs)
    assert receipt.ok
    token = bench.cloud.item("things", "a").token
    told = everything(bench, planned, receipt, bench.plan({**inputs, "pw": "s3cr3t-rotated"}))
    assert "s3cr3t" not in told
    assert token not in told
    assert receipt.outputs_blob is not None
    assert json.loads(bench.blobs.get(receipt.outputs_blob))["token"] == {"value": token, "sensitive": True}
    left = b"".join(p.read_bytes() for p in bench.work.rglob("*") if p.is_file() and not p.is_symlink())
    assert b"s3cr3t" not in left
    assert token.encode() not in left


def test_an_error_that_echoes_a_sensitive_value_is_redacted(bench: Bench) -> None:
    bench.write(SECRETIVE)
    inputs = {"pw": "s3cr3t-unregistered", "plain": "x"}
    planned = bench.plan(inputs)
    bench.cloud.faults.add("echo", methods=("POST",), field="secret")
    receipt = failed(bench, planned, inputs=inputs)
    assert "Cannot create" in receipt.error
    assert "s3cr3t" not in everything(bench, receipt)


def test_a_rotated_secret_is_another_change(bench: Bench) -> None:
    bench.deploy(SECRETIVE, {"pw": "first-password", "plain": "x"})
    one = bench.plan({"pw": "second-password", "plain": "x"})
    two = bench.plan({"pw": "third-password", "plain": "x"})
    assert one.changes != two.changes


def test_files_with_values_are_ours_alone_and_gone_afterwards(bench: Bench) -> None:
    seen: list[int] = []

    class Looking(Programs):
        def run(self, argv: Sequence[str | Path], **how: Any) -> Finished:  # type: ignore[override]
            done = super().run(argv, **how)
            for file in (bench.work / "tool").glob("run-*/*"):
                seen.append(stat.S_IMODE(file.stat().st_mode))
            return done

    bench.proc = Looking(bench.secrets, bench.cancel)
    bench.deploy(SIZED, {"size": 1})
    assert seen
    assert set(seen) == {0o600}
    assert not list((bench.work / "tool").glob("run-*"))


# -- states


def test_a_relative_local_backend_is_for_development(bench: Bench) -> None:
    bench.write('terraform {\n  backend "local" {\n    path = "here.tfstate"\n  }\n}\n' + item("a"))
    with pytest.raises(ConfigurationError, match=r"stacks/app/main\.tf:\d+: a local backend with the relative path"):
        bench.plan()
    bench.zone = "development"
    assert actions(bench.plan()) == {"lab_item.a": Action.CREATE}


def test_a_stack_with_a_backend_keeps_it(bench: Bench) -> None:
    kept = bench.folder / "kept.tfstate"
    bench.settings = bench.settings.model_copy(update={"backend_config": {"path": str(kept)}})
    backend = 'terraform {\n  backend "local" {}\n}\n'
    output = 'output "a" {\n  value = lab_item.a.size\n}\n'
    bench.write(backend + item("a", "  size = 1") + output)
    planned = bench.plan()
    assert planned.base["backend"] == "local"
    assert not planned.base["managed"]
    receipt = bench.apply(planned)
    assert receipt.ok
    assert receipt.outputs["a"].value == 1
    assert json.loads(kept.read_bytes())["serial"] == receipt.base["serial"]
    assert bench.store.current() is None
    bench.write(backend + item("a", "  size = 2") + output)
    stale = bench.plan()
    kept.write_bytes(kept.read_bytes().replace(b'"serial": 1', b'"serial": 7'))
    with pytest.raises(StalePlan, match="serial 7"):
        bench.apply(stale)


def test_a_workspace_of_its_own_backend(bench: Bench) -> None:
    folder = bench.folder / "states"
    bench.settings = bench.settings.model_copy(
        update={"backend_config": {"path": "/nonexistent/x", "workspace_dir": str(folder)}, "workspace": "blue"}
    )
    bench.write('terraform {\n  backend "local" {}\n}\n' + item("a"))
    planned = bench.plan()
    assert bench.apply(planned).ok
    assert (folder / "blue/terraform.tfstate").exists()


def test_managed_state_has_no_workspaces(bench: Bench) -> None:
    bench.settings = bench.settings.model_copy(update={"workspace": "blue"})
    bench.write(item("a"))
    with pytest.raises(ConfigurationError, match="workspace 'blue' needs a backend"):
        bench.plan()


def test_a_value_for_no_variable_is_said_and_not_used(bench: Bench) -> None:
    bench.write(SIZED)
    planned = bench.plan({"size": 1, "sise": 2})
    assert [(n.slug, "sise" in n.message) for n in planned.notes] == [("undeclared-variable", True)]


def test_ephemeral_variables_are_given_again_and_others_are_not(bench: Bench) -> None:
    body = SIZED + 'variable "pass" {\n  type      = string\n  ephemeral = true\n}\n'
    bench.write(body)
    planned = bench.plan({"size": 1, "pass": "one"})
    assert bench.apply(planned, {"size": 5, "pass": "two"}).ok
    assert bench.cloud.item("things", "a").written["size"] == 1


def test_var_files_and_inputs(bench: Bench) -> None:
    bench.write(SIZED)
    (bench.stack / "env.tfvars").write_text("size = 3\n")
    bench.settings = bench.settings.model_copy(update={"var_files": ("env.tfvars",)})
    assert bench.plan().changes[0].after["size"] == 3
    assert bench.plan({"size": 4}).changes[0].after["size"] == 4


def test_a_run_without_state_is_refused(bench: Bench) -> None:
    bench.write(item("a"))
    world = bench.world(writes=False)
    object.__setattr__(world, "state", None)
    bench.world = lambda *, writes: world  # type: ignore[method-assign]
    with pytest.raises(InterlockError, match="managed state"):
        bench.plan()
