"""What is deployed where, what is under way, and, when asked, whether it is healthy now. Only reads (but for the checks' own requests)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.app.build import Project
from interlock.model.release import Release
from interlock.model.view import DeploymentView
from interlock.store import deployments, holds, ledger
from interlock.store.drift import DriftRecord
from interlock.store.holds import Hold

if TYPE_CHECKING:
    from interlock.model.check import CheckResult
    from interlock.world import Cancel


@dataclass(frozen=True)
class Standing:
    """`releases` by environment and component; `active` are unfinished deployments, newest first."""

    releases: tuple[Release, ...]
    active: tuple[DeploymentView, ...]
    held: tuple[Hold, ...]
    drift: Mapping[tuple[str, str], DriftRecord]


def standing(project: Project, environment: str = "") -> Standing:
    from interlock.app.viewing import view_of
    from interlock.store import drift

    store = project.kept
    if store is None:
        return Standing((), (), (), {})
    with store.database.read() as tx:
        releases = ledger.all_current(tx, environment)
        unfinished = deployments.list_newest(tx, finished=False, environment=environment)
        return Standing(
            releases,
            tuple(view_of(store, row.id) for row in unfinished),
            holds.active(tx, environment=environment),
            {(record.environment, record.component): record for record in drift.all_known(tx)},
        )


def check_now(project: Project, release: Release, cancel: "Cancel") -> tuple["CheckResult", ...]:
    """Every check of a release, once more, with what the configuration at its commit says of its environment."""
    from interlock.app.manifests import load_manifest
    from interlock.engine.verifying import check_release

    with project.store.database.read() as tx:
        row = deployments.require(tx, release.deployment)
    manifest = load_manifest(project, row)
    context = project.context(manifest.secrets)
    environment = next(spec for spec in manifest.environments if spec.name == release.environment)
    return check_release(context, manifest, release, environment, log=lambda _: None, cancel=cancel, once=True)
