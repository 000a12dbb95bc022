"""What stood there before Interlock: taken into the ledger when it is as the code says, never destroyed when a first deployment fails."""

import subprocess
from pathlib import Path

import pytest

from e2e.shop import WRITER, Shop
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]


@pytest.fixture
def standing(shop: Shop) -> Shop:
    """A production stack with a backend of its own, made and kept by bare OpenTofu until now."""
    shop.organization("  live: {zone: production}")
    shop.stack("app", size=4, head=f'  backend "local" {{ path = "{shop.folder / "theirs.tfstate"}" }}\n')
    shop.commit("As it stands")
    _tofu(shop, shop.repository / "stacks/app")
    assert shop.sizes() == {"live/app": 4}
    return shop


def _tofu(shop: Shop, stack: Path) -> None:
    environ = shop.environment | {
        "LAB_TOKEN": WRITER.value,
        "TF_VAR_environment": "live",
        "TF_DATA_DIR": str(shop.folder / "theirs"),
    }
    for argv in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        done = subprocess.run(["tofu", *argv], cwd=stack, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    (stack / ".terraform.lock.hcl").unlink(missing_ok=True)


def test_a_first_deployment_that_fails_destroys_nothing(standing: Shop, lab: LabCloud) -> None:
    ids = {one.name: one.id for one in lab.items()}
    mark = standing.mark()
    standing.stack(
        "app",
        size=5,
        head=f'  backend "local" {{ path = "{standing.folder / "theirs.tfstate"}" }}\n',
        more="checks: [{command: {run: ['false'], within: 200ms}}]",
    )
    standing.commit("A first deployment, and it fails")
    failed = standing.deploy().expect(4)
    assert standing.writes(mark) == ["PUT live/app"]
    assert {one.name: one.id for one in lab.items()} == ids
    assert standing.states(failed.id) == {"live/app": "undo_failed"}
    assert "something stood there before" in failed.text
    # nor does a person who asks for it get it destroyed
    standing.run("rollback", "--deployment", failed.id).expect(64)
    assert standing.writes(mark) == ["PUT live/app"]


def test_adopt_records_only_what_is_so(standing: Shop) -> None:
    mark = standing.mark()
    as_it_is = standing.git("rev-parse", "HEAD")
    standing.stack("app", size=5, head=f'  backend "local" {{ path = "{standing.folder / "theirs.tfstate"}" }}\n')
    standing.commit("Not as it stands")
    different = standing.run("adopt", "app", "--env", "live").expect(1)
    assert "nothing was recorded" in different.text
    assert "4 → 5" in different.text or "4 -> 5" in different.text
    assert standing.sql("SELECT id FROM releases") == []
    standing.run("adopt", "app", "--env", "live", "--at", as_it_is).expect(0)
    ((document,),) = standing.sql("SELECT document FROM releases")
    assert as_it_is in document
    assert standing.writes(mark) == []
    standing.run("drift").expect(0)
    standing.run("adopt", "app", "--env", "live").expect(64)  # it is in the ledger by now
    # from here on it is a component like any other, and goes back like one
    standing.deploy().expect(0)
    standing.run("rollback", "app", "--env", "live").expect(0)
    assert standing.writes(mark) == ["PUT live/app", "PUT live/app"]
    assert standing.sizes() == {"live/app": 4}
