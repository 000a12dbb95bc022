"""A yard to run deployments in: a real repository and real records in a temporary folder, a kind whose world is a dictionary, and an engine that can die.

The engine keeps what steps returned in memory and replays it as the durable one does: `Yard.die_at(n)` ends the "process" right after its n-th commit (or
before it), as a crash would; `Yard.go_on()` is the next process. The real engine file has its own tests; here it is about what our bodies do twice.
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from interlock.app.build import Project
from interlock.app.deploying import create, start_deploy
from interlock.app.judging import Selection
from interlock.app.manifests import load_manifest
from interlock.app.place import find_place
from interlock.app.rolling_back import Request, rollback_manifest
from interlock.app.running import _beat
from interlock.engine.deployment import deployment_workflow
from interlock.engine.run import Run
from interlock.engine.step import step_workflow
from interlock.kind import ApplyRequest, CheckRequest, PlanRequest, Source
from interlock.model.change import Action, Change, OutputChange, Undo
from interlock.model.check import Check
from interlock.model.digest import canonical, sha256
from interlock.model.errors import Cancelled, Problem, StalePlan, ToolFailed
from interlock.model.manifest import Manifest
from interlock.model.plan import Direction, Planned, Tool
from interlock.model.receipt import Outcome, Output, Receipt
from interlock.store import Store, database, deployments, steps
from interlock.store.steps import StepRecord
from interlock.world import World
from interlock.world.secrets import reveal
from interlock.world.tree import Tree

ANN, BEA = "ann@yard.example", "bea@yard.example"
ONE = "  dev: {zone: development}"


class Died(BaseException):
    """The process is gone."""


class ShelfSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str = ""


@dataclass
class Shelf:
    """A kind: each component keeps one thing, its variables. `faults` come before a write: they may raise, or be the receipt."""

    things: dict[str, Any] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    faults: dict[str, Callable[[ApplyRequest, World], Receipt | None]] = field(default_factory=dict)
    undo: dict[str, Undo] = field(default_factory=dict)
    name: str = "shelf"
    settings: type[BaseModel] = ShelfSettings

    def sources(self, settings: BaseModel, tree: Tree) -> tuple[Source, ...]:
        return (Source(f"{settings.path}/", "own file"),)  # type: ignore[attr-defined]

    def identity(self, settings: BaseModel, tree: Tree, component: str, environment: str) -> str:
        return f"{environment}/{component}"

    def published(self, settings: BaseModel, tree: Tree) -> frozenset[str] | None:
        return None

    def check(self, request: CheckRequest, world: World) -> tuple[Problem, ...]:
        return ()

    def plan(self, request: PlanRequest, world: World) -> Planned:
        if world.cancel.requested:
            raise Cancelled("the plan was cancelled")
        where = f"{request.environment}/{request.component}"
        now = self.things.get(where)
        nothing = request.direction is Direction.REMOVE or request.undo_to_nothing
        wanted = None if nothing else reveal(request.inputs)
        changes: tuple[Change, ...] = ()
        if now != wanted:
            action = Action.CREATE if now is None else Action.DELETE if wanted is None else Action.UPDATE
            changes = (Change("thing", action, before=now, after=wanted, undo=self.undo.get(where, Undo.RESTORABLE)),)
        before, after = (now or {}).get("size"), (wanted or {}).get("size")
        outputs = (OutputChange("size", Action.UPDATE, before, after),) if before != after else ()
        base = {"empty": now is None, "digest": sha256(canonical(now))}
        artifact = world.blobs.put(canonical({"where": where, "before": now, "after": wanted}))
        return Planned(changes, base, Tool("shelf", "1"), artifact, outputs)

    def apply(self, request: ApplyRequest, world: World) -> Receipt:
        assert request.plan.planned.artifact is not None
        draft = json.loads(world.blobs.get(request.plan.planned.artifact))
        where = draft["where"]
        if self.things.get(where) != draft["before"]:
            raise StalePlan(f"{where} moved")
        if world.fence:
            world.fence.check()
        if world.cancel.requested:
            raise Cancelled("the apply was cancelled before it began")
        if (fault := self.faults.get(where)) and (receipt := fault(request, world)) is not None:
            return receipt
        if draft["before"] != draft["after"]:
            self.write(where, draft["after"])
        size = (draft["after"] or {}).get("size")
        outputs = {"size": Output(size)} if size is not None else {}
        blob = world.blobs.put(canonical({"size": {"value": size, "sensitive": False}}))
        base = {"empty": False, "digest": sha256(canonical(draft["after"]))}
        return Receipt(Outcome.COMPLETE, done=("thing",), outputs=outputs, outputs_blob=blob, base=base)

    def write(self, where: str, value: Any) -> None:
        self.journal.append(f"{where} {value.get('size') if value else 'gone'}")
        if value is None:
            self.things.pop(where, None)
        else:
            self.things[where] = value

    def verify(self, settings: BaseModel, receipt: Receipt) -> tuple[Check, ...]:
        return ()


def broken(_request: ApplyRequest, _world: World) -> Receipt:
    """A fault: it ends with an error, and nothing was written."""
    raise ToolFailed("it is broken")


class Quick(Run):
    """Looks more often: waiting is not what is tested."""

    async def until(self, look: Callable[[], Any], *, every: float = 0.01) -> Any:
        return await super().until(look, every=every)


@dataclass
class Memory:
    """`Durable` in memory: the results of each workflow's steps, in order, as JSON."""

    records: dict[str, list[str]]
    run: Run
    identity: str
    children: dict[str, "asyncio.Task[str]"]
    at: int = 0

    async def step(self, name: str, body: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        mine = self.records.setdefault(self.identity, [])
        if self.at == len(mine):
            mine.append(json.dumps([name, await body(*args)]))
        recorded, result = json.loads(mine[self.at])
        assert recorded == name, f"replay is not the same: {recorded} was recorded, {name} is asked for"
        self.at += 1
        return result

    async def child(self, name: str, identity: str, *args: Any) -> Awaitable[Any]:
        if identity not in self.children:
            mine = Memory(self.records, self.run, identity, self.children)
            self.children[identity] = asyncio.create_task(step_workflow(mine, self.run, *args))
        return self.children[identity]


@dataclass
class Yard:
    folder: Path
    shelf: Shelf = field(default_factory=Shelf)
    records: dict[str, list[str]] = field(default_factory=dict)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    environments: str = ONE
    environ: dict[str, str] = field(default_factory=dict)
    last: Run | None = None

    # -- the repository

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def commit(
        self, components: Mapping[str, str], *, environments: str | None = None, more: str = "", author: str = ANN
    ) -> str:
        """`components` maps a name to the YAML (flow, without braces) of its entry, such as "variables: {size: 1}"."""
        self.environments = environments if environments is not None else self.environments
        self.repository.mkdir(parents=True, exist_ok=True)
        organization = (
            f"organization: {{name: yard}}\nteams:\n  crew: {{members: [{BEA}]}}\nenvironments:\n{self.environments}\n"
        )
        (self.repository / "organization.yaml").write_text(organization + more)
        lines = ["defaults: {kind: shelf}", "components:"]
        for name, entry in components.items():
            (self.repository / name).mkdir(exist_ok=True)
            (self.repository / name / "thing").write_text(entry)
            lines.append(f"  {name}: {{path: {name}, {entry}}}")
        (self.repository / "interlock.yaml").write_text("\n".join(lines) + "\n")
        if not (self.repository / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("-c", f"user.name={author}", "-c", f"user.email={author}", "commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")

    def git(self, *argv: str) -> str:
        done = subprocess.run(["git", *argv], cwd=self.repository, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    # -- what people do

    def project(self, person: str = ANN) -> Project:
        ambient = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "INTERLOCK_HOME": str(self.folder / "home")}
        project = Project(find_place(self.repository), ambient | self.environ, person)
        project.__dict__["kinds"] = {"shelf": self.shelf}
        return project

    def start(self, *components: str, env: str = "") -> str:
        """Records a deployment of HEAD, and runs nothing."""
        selection = Selection(components, (env,) if env else ())
        started = start_deploy(self.project(), at=None, selection=selection)
        assert started.deployment is not None
        return started.deployment.id

    def start_rollback(self, request: Request) -> str:
        project = self.project()
        manifest = rollback_manifest(project, request)
        created = create(project, manifest, [(f"{s.name}:{s.undoes}", s.release) for s in manifest.steps], None)
        assert created is not None
        return created[0].id

    def deploy(self, *components: str, env: str = "") -> str:
        """Deploys HEAD to its end; returns the deployment's id."""
        id_ = self.start(*components, env=env)
        self.go_on(id_)
        return id_

    def rollback(self, **request: Any) -> str:
        id_ = self.start_rollback(Request(**request))
        self.go_on(id_)
        return id_

    def go_on(self, deployment: str, *, timeout: float = 60) -> str:
        """A process that runs the deployment until its end; its final state. Raises TimeoutError where it waits for good (it leaves, or is blocked)."""
        project = self.project()
        with project.store.database.read() as tx:
            manifest = load_manifest(project, deployments.require(tx, deployment))
        context = project.context(manifest.secrets)
        with ThreadPoolExecutor(max_workers=1) as pool:
            run = Quick(context, manifest, pool, lambda *said: self.told.append(said))
            self.last = run

            async def whole() -> str:
                _beat(project, run)
                memory = Memory(self.records, run, deployment, {})
                return await deployment_workflow(memory, run)

            return asyncio.run(asyncio.wait_for(whole(), timeout))

    # -- what became of it

    @property
    def store(self) -> Store:
        return self.project().store

    def state(self, deployment: str) -> str:
        with self.store.database.read() as tx:
            return deployments.require(tx, deployment).state

    def failure(self, deployment: str) -> str:
        with self.store.database.read() as tx:
            return deployments.require(tx, deployment).failure

    def step(self, deployment: str, name: str) -> StepRecord:
        with self.store.database.read() as tx:
            return steps.get(tx, deployment, *name.split("/"))

    def steps(self, deployment: str) -> dict[str, str]:
        with self.store.database.read() as tx:
            return {row.name: str(row.state) for row in steps.of(tx, deployment)}

    def manifest(self, deployment: str) -> Manifest:
        project = self.project()
        with project.store.database.read() as tx:
            return load_manifest(project, deployments.require(tx, deployment))

    def sizes(self) -> dict[str, int]:
        return {where: value["size"] for where, value in self.shelf.things.items()}

    def copy(self, folder: Path) -> "Yard":
        """This yard as it stands, somewhere else."""
        shutil.copytree(self.folder, folder, symlinks=True)
        shelf = replace(self.shelf, things=dict(self.shelf.things), journal=list(self.shelf.journal))
        return replace(self, folder=folder, shelf=shelf, records={k: list(v) for k, v in self.records.items()})

    # -- dying

    @contextmanager
    def die_at(self, commit: int, *, before: bool = False) -> Iterator[list[int]]:
        """The process dies at its `commit`-th commit (from 1): right after it, or with `before` instead of it. Yields a list that holds the count."""
        counted = [0]
        plain = database.Tx.execute

        def execute(tx: database.Tx, sql: str, /, **params: Any) -> int:
            if counted[0] >= commit:
                raise Died
            if sql != "COMMIT":
                return plain(tx, sql, **params)
            if before and counted[0] + 1 == commit:
                counted[0] += 1
                raise Died
            done = plain(tx, sql, **params)
            counted[0] += 1
            return done

        database.Tx.execute = execute  # type: ignore[method-assign]
        try:
            yield counted
        finally:
            database.Tx.execute = plain  # type: ignore[method-assign]
