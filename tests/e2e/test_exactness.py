"""Nothing is applied that is not the stored, approved plan of exactly this component; and none whose base has moved."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.shop import READER, WRITER, Shop, make_shop
from interlock.model.plan import Blob
from interlock.testing import tools
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]

ASKS = "  dev: {zone: development, approval: {teams: [platform], count: 1}}"


# -- the stored plan


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, built: tools.Tools) -> Iterator[tuple[Shop, str]]:
    """Two components planned, `app` approved, nothing applied yet: a home that each test copies. `web` waits for ever."""
    with LabCloud(tokens=(READER, WRITER)) as lab:
        shop = make_shop(tmp_path_factory.mktemp("exactness"), lab, built)
        shop.organization(ASKS)
        shop.stack("app")
        shop.stack("web", size=7)
        shop.commit("Start")
        deployment = shop.deploy().expect(3).id
        shop.approve(deployment, "--step", "app").expect(0)
        yield shop, deployment


class Copy:
    """A copy of the prepared records, to do mischief in; by a second client of the database, as somebody with a shell would."""

    def __init__(self, shop: Shop, deployment: str, home: Path) -> None:
        shutil.copytree(shop.home, home)
        self.shop, self.deployment, self.home = shop, deployment, home
        self.store = shop.store(home)

    def sql(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with sqlite3.connect(self.home / "interlock.db", timeout=20) as database:
            rows = database.execute(statement, values).fetchall()
        database.close()
        return rows

    def plan(self, component: str) -> str:
        return self.sql("SELECT plan FROM steps WHERE component = ?", component)[0][0]

    def column(self, component: str, name: str) -> str:
        return self.sql(f"SELECT {name} FROM plans WHERE id = ?", self.plan(component))[0][0]

    def edit(self, component: str, old: str, new: str) -> None:
        """The plan's document, as with an editor."""
        document = self.column(component, "document")
        assert old in document, document
        self.sql("UPDATE plans SET document = ? WHERE id = ?", document.replace(old, new), self.plan(component))

    def blob(self, component: str, which: str = "artifact") -> Path:
        """The file that holds the plan's bytes, its source closure or its inputs."""
        from interlock.store import plans

        with self.store.database.read() as tx:
            plan = plans.get(tx, self.store.keyed, self.plan(component)).plan
        blob: Blob | None = plan.planned.artifact if which == "artifact" else getattr(plan, which)
        assert blob is not None
        name = self.store.keyed.digest("blob-name", blob.digest)
        path = self.home / "blobs" / name[:2] / name[2:]
        assert path.is_file()
        return path


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))


def _point_elsewhere(copy: Copy) -> None:
    """The step of `app` names the plan of `web`, and a forged approval says that this was agreed to."""
    web, intent = copy.plan("web"), copy.column("web", "intent")
    copy.sql("UPDATE steps SET plan = ? WHERE component = 'app'", web)
    copy.sql("UPDATE approvals SET plan = ?, intent = ?", web, intent)


ALTERED, ABSENT = "are not what was stored", "are not there"
ROW = "is not what was stored"

#: What is done → the words of the refusal.
MISCHIEF: dict[str, tuple[Callable[[Copy], object], str]] = {
    "bytes altered": (lambda copy: _flip(copy.blob("app")), ALTERED),
    "bytes deleted": (lambda copy: copy.blob("app").unlink(), ABSENT),
    "bytes cut short": (lambda copy: copy.blob("app").write_bytes(copy.blob("app").read_bytes()[:100]), ALTERED),
    "bytes of another component": (lambda copy: shutil.copyfile(copy.blob("web"), copy.blob("app")), ALTERED),
    "closure altered": (lambda copy: _flip(copy.blob("app", "closure")), ALTERED),
    "inputs deleted": (lambda copy: copy.blob("app", "inputs").unlink(), ABSENT),
    "row edited": (lambda copy: copy.edit("app", '"serial":0', '"serial":1'), ROW),
    "row with another's document": (
        lambda copy: copy.sql(
            "UPDATE plans SET document = ?, mac = ? WHERE id = ?",
            copy.column("web", "document"), copy.column("web", "mac"), copy.plan("app"),
        ),
        ROW,
    ),
    "row with another's intent": (
        lambda copy: copy.sql(
            "UPDATE plans SET intent = ? WHERE id = ?", copy.column("web", "intent"), copy.plan("app")
        ),
        ROW,
    ),
    "row deleted": (lambda copy: copy.sql("DELETE FROM plans WHERE component = 'app'"), "is gone"),
    "step names another's plan": (_point_elsewhere, "is of web in dev"),
}  # fmt: skip


@pytest.mark.parametrize("mischief", MISCHIEF)
def test_a_plan_that_is_not_the_stored_one_is_refused(
    mischief: str, prepared: tuple[Shop, str], tmp_path: Path
) -> None:
    shop, deployment = prepared
    copy = Copy(shop, deployment, tmp_path / "home")
    mark = shop.mark()
    do, words = MISCHIEF[mischief]
    do(copy)
    again = shop.run("deploy", environment={"INTERLOCK_HOME": str(copy.home)})
    assert shop.writes(mark) == [], f"written though {mischief}:\n{again.text}"
    said = again.text + "".join(log.read_text() for log in copy.home.glob("logs/*/*/app.log"))
    assert words in said, said
    assert again.exit == 1, again.text


def test_a_plan_is_used_once(prepared: tuple[Shop, str], tmp_path: Path) -> None:
    """One that counts as applied is never applied again: it is planned anew, and what was approved covers the equal intent."""
    shop, deployment = prepared
    copy = Copy(shop, deployment, tmp_path / "home")
    mark, before, old = shop.mark(), shop.lab.snapshot(), copy.plan("app")
    copy.sql("UPDATE plans SET consumed = '2026-01-01T00:00:00Z', consumed_fence = 9")
    shop.run("deploy", environment={"INTERLOCK_HOME": str(copy.home)}).expect(3)  # web still waits
    try:
        assert shop.writes(mark) == ["POST dev/app"]
        assert copy.plan("app") != old
        assert (
            f"plan {old} of dev/app was applied before"
            in copy.home.joinpath("logs", deployment, "dev", "app.log").read_text()
        )
    finally:
        shop.lab.restore(before)


def test_the_untouched_plan_is_applied(prepared: tuple[Shop, str], tmp_path: Path) -> None:
    """Without it the refusals above would prove nothing."""
    shop, deployment = prepared
    copy = Copy(shop, deployment, tmp_path / "home")
    mark, before = shop.mark(), shop.lab.snapshot()
    shop.run("deploy", environment={"INTERLOCK_HOME": str(copy.home)}).expect(3)  # web still waits
    try:
        assert shop.writes(mark) == ["POST dev/app"]
    finally:
        shop.lab.restore(before)


# -- the base


def _client_changes_state(shop: Shop, statefile: Path, *, drop: bool) -> tuple[int, int]:
    """Bare OpenTofu, as another client of the same state: a new serial, and with `drop` without the item. Returns the serials before and after."""
    import json
    import subprocess

    before = json.loads(statefile.read_text())["serial"]
    folder = shop.folder / "other-client"
    shutil.copytree(shop.repository / "stacks" / "app", folder, dirs_exist_ok=True)

    def tofu(*argv: str, stdin: str | None = None) -> str:
        environment = shop.environment | {"LAB_TOKEN": WRITER.value}
        done = subprocess.run(
            ["tofu", *argv], cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    tofu("init", "-input=false", "-no-color")
    if drop:
        tofu("state", "rm", "lab_item.this")
    else:
        state = json.loads(tofu("state", "pull"))
        tofu("state", "push", "-", stdin=json.dumps(state | {"serial": state["serial"] + 1}))
    return before, json.loads(statefile.read_text())["serial"]


@pytest.mark.parametrize("same_intent", [True, False])
def test_a_state_that_another_client_changed_is_refused(same_intent: bool, shop: Shop, tmp_path: Path) -> None:
    statefile = tmp_path / "states" / "app.tfstate"
    shop.organization(ASKS)
    shop.stack("app", head=f'  backend "local" {{ path = "{statefile}" }}\n')
    shop.commit()
    shop.approve(shop.deploy().expect(3).id).expect(0)
    shop.deploy().expect(0)
    shop.stack("app", head=f'  backend "local" {{ path = "{statefile}" }}\n', size=2)
    shop.commit()
    deployment = shop.deploy().expect(3).id
    shop.approve(deployment).expect(0)
    before, after = _client_changes_state(shop, statefile, drop=not same_intent)
    assert after > before
    mark = shop.mark()

    again = shop.deploy().expect(0 if same_intent else 3)

    said = shop.run("logs", deployment).expect(0).text
    assert f"it was made at serial {before}" in said, said
    assert f"the state is at serial {after}" in said, said
    refused = shop.sql("SELECT after_value, details FROM audit WHERE action = 'apply-refused'")
    assert len(refused) == 1, refused
    assert '"written":false' in refused[0][0].replace(" ", ""), refused
    if same_intent:
        assert shop.writes(mark) == ["PUT dev/app"]
        assert shop.states(deployment) == {"dev/app": "verified"}
    else:
        assert shop.writes(mark) == []
        assert shop.states(deployment) == {"dev/app": "blocked"}
        assert shop.gate(deployment, "dev/app", "approval")["verdict"] == "pending"
        assert "approve" in again.err
        shop.approve(deployment).expect(0)
        shop.deploy().expect(0)
        assert shop.writes(mark) == ["POST dev/app"]


def test_managed_state_that_got_a_version_is_refused(shop: Shop) -> None:
    """The managed state moves under a plan that waits: as after a restore from a backup, or another deployment."""
    import json

    from interlock.store import leases, state

    shop.organization(ASKS)
    shop.commit()
    shop.approve(shop.deploy().expect(3).id).expect(0)
    shop.deploy().expect(0)
    shop.stack("app", size=2)
    shop.commit()
    deployment = shop.deploy().expect(3).id
    shop.approve(deployment).expect(0)
    store = shop.store()
    with store.database.read() as tx:
        last = state.current(tx, "app", "dev")
    assert last is not None
    document = json.loads(store.blobs.get(last.blob)) | {"serial": last.serial + 5}
    data = json.dumps(document).encode()
    blob = store.blobs.put(data)
    with store.database.write() as tx:
        lease = leases.take(tx, "app", "dev", "other-client", 60)
        state.lock(tx, "app", "dev", "other", {"ID": "other"}, fence=lease.token)
        more = {"serial": last.serial + 5, "lineage": last.lineage, "md5": state.md5(data)}
        state.put(tx, "app", "dev", blob, lock_id="other", fence=lease.token, **more)
        state.unlock(tx, "app", "dev", "other")
        leases.release(tx, lease)
    store.close()
    mark = shop.mark()
    shop.deploy().expect(0)
    said = shop.run("logs", deployment).expect(0).text
    assert f"it was made at serial {last.serial}" in said, said
    assert f"the state is at serial {last.serial + 5}" in said, said
    assert shop.writes(mark) == ["PUT dev/app"]
