"""Secrets that only releases know any more.

Removing a component, or going back from a change, needs the inputs of then, and a change may drop or rename a secret together with what uses it. So the
sources that a release was made with are kept in reach as long as it stands; where both know a name, the configuration of now says where it comes from.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from interlock.app.build import Project
from interlock.model.errors import ArtifactMismatch
from interlock.model.release import Release
from interlock.store import deployments


def with_secrets_of(project: Project, releases: Iterable[Release], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` and what the manifests of `releases` know beside it, the newest first. One that is gone adds nothing: what needs it will say so."""
    from interlock.app.manifests import load_manifest

    found = dict(own)
    newest = sorted(releases, key=lambda release: release.at, reverse=True)
    for id_ in dict.fromkeys(release.deployment for release in newest):
        with contextlib.suppress(ArtifactMismatch):
            with project.store.database.read() as tx:
                row = deployments.require(tx, id_)
            found = {**load_manifest(project, row).secrets, **found}
    return found
