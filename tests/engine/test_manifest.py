"""A deployment runs by the manifest that was stored for it, and by no other."""

from pathlib import Path

import pytest

from engine.yard import Yard
from interlock.model.errors import ArtifactMismatch


def test_another_deployments_manifest_is_refused(place: Path) -> None:
    yard = Yard(place / "yard")
    yard.commit({"a": "variables: {size: 1}"})
    first = yard.deploy()
    yard.commit({"a": "variables: {size: 2}"})
    second = yard.start()
    with yard.store.database.write() as tx:
        tx.execute(
            "UPDATE deployments SET (manifest_digest, manifest_size) ="
            " (SELECT manifest_digest, manifest_size FROM deployments WHERE id = :first) WHERE id = :second",
            first=first,
            second=second,
        )
    with pytest.raises(ArtifactMismatch):
        yard.go_on(second)
    assert yard.sizes() == {"dev/a": 1}
