"""An application build is a component of the kind `command`: its artifact is deployed by the one that depends on it, byte for byte, back and forth."""

import pytest

from e2e.shop import Shop, item
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]

BUILD = "#!/bin/sh\nset -e\nmkdir -p dist\necho built >> {count}\n{{ echo bundle of; cat source; }} > dist/bundle.txt\n"


def _write(shop: Shop, source: str, more: str = "") -> None:
    shop.write("application/source", source)
    shop.stack(
        "app",
        main=item("app", more="content = file(var.bundle)") + 'variable "bundle" { type = string }\n',
        depends_on=["build"],
        more='variables: {environment: "${environment.name}", bundle: "${components.build.artifacts.bundle}"}' + more,
    )
    shop.stacks["build"] = (
        "{kind: command, path: application, apply: [./build], artifacts: {bundle: dist/bundle.txt}, variables: {}}"
    )
    shop.components()


def test_the_artifact_is_what_its_dependant_deploys(shop: Shop, lab: LabCloud) -> None:
    count = shop.folder / "count"
    shop.write("application/build", BUILD.format(count=count))
    (shop.repository / "application/build").chmod(0o755)
    _write(shop, "one")
    shop.commit("An application")
    shop.deploy().expect(0)
    assert lab.item("dev", "app").written["content"] == "bundle of\none"
    assert "Nothing to deploy" in shop.deploy().expect(0).text

    _write(shop, "two", more=", checks: [{command: {run: ['false'], within: 200ms}}]")
    shop.commit("The next, and it fails")
    failed = shop.deploy().expect(1)
    assert shop.states(failed.id) == {"dev/app": "undone", "dev/build": "undone"}
    assert lab.item("dev", "app").written["content"] == "bundle of\none"
    assert shop.run("drift").expect(0)

    _write(shop, "three")
    shop.commit("Mended")
    assert shop.run("affected", "--json").expect(0)
    shop.deploy().expect(0)
    assert lab.item("dev", "app").written["content"] == "bundle of\nthree"
    shop.run("rollback", "--env", "dev").expect(0)
    assert lab.item("dev", "app").written["content"] == "bundle of\none"
    assert count.read_text() == "built\n" * 3  # going back puts earlier files back; nothing is built again
