"""What a deployment is, read back from its blob: apart from running it, so that looking does not load the durable engine."""

import json

from interlock.app.build import Project
from interlock.model.codec import decode
from interlock.model.errors import ArtifactMismatch
from interlock.model.manifest import Manifest
from interlock.store.deployments import Deployment


def load_manifest(project: Project, row: Deployment) -> Manifest:
    """Raises ArtifactMismatch when it is gone, altered, or another deployment's."""
    manifest = decode(Manifest, json.loads(project.store.blobs.get(row.manifest)))
    if manifest.deployment != row.id:
        raise ArtifactMismatch(
            f"the stored manifest of {row.id} is that of {manifest.deployment}",
            hint="`interlock audit verify` tells what else was altered; restore the database from a backup",
            slug="manifest-of-another",
        )
    return manifest
