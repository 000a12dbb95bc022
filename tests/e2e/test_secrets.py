"""Planted secrets, looked for in every byte that a run leaves or shows: database, blobs, logs, work folders, terminal, JSON, Markdown, argument lists."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from e2e.shop import READER, WRITER, Result, Shop, item
from interlock.testing import tools
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]

PASSWORD, HEADER = 'pass"wörd-4711/variable', "header-0815-of-the-check"


def _forms(value: str) -> Iterator[bytes]:
    """As it is, as JSON writes it, and as base64 does."""
    yield value.encode()
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode()
    yield base64.b64encode(value.encode()).rstrip(b"=")[:-2]


def _found(planted: Mapping[str, str], where: str, data: bytes) -> list[str]:
    return sorted({f"{what} in {where}" for what, value in planted.items() for form in _forms(value) if form in data})


def _in_files(planted: Mapping[str, str], *folders: Path) -> list[str]:
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                found += _found(planted, str(path), path.read_bytes())
            found += _found(planted, "a name", os.fsencode(path.name))
    return found


def _watch_tofu(shop: Shop, built: tools.Tools) -> Path:
    """A `tofu` before the real one that notes what it is called with, and the names of its variables. Returns the notes."""
    notes, folder = shop.folder / "called", shop.folder / "watched"
    folder.mkdir()
    wrapper = folder / "tofu"
    wrapper.write_text(
        f'#!/bin/sh\n{{ echo "$0" "$@"; env -0 | cut -z -d= -f1 | tr "\\0" " "; echo; }} >> {notes}\n'
        f'exec {built.tofu} "$@"\n'
    )
    wrapper.chmod(0o755)
    shop.environment["PATH"] = f"{folder}{os.pathsep}{shop.environment['PATH']}"
    return notes


def _with_secrets(shop: Shop) -> None:
    shop.environment |= {"SHOP_PASSWORD": PASSWORD, "SHOP_HEADER": HEADER}
    path = shop.repository / "organization.yaml"
    path.write_text(path.read_text() + "  PASSWORD: {env: SHOP_PASSWORD}\n  HEADER: {env: SHOP_HEADER}\n")


def _write(shop: Shop, size: int) -> None:
    """`app` takes a secret and publishes a sensitive value, `user` writes that into an attribute that is not sensitive by itself."""
    shop.stack(
        "app",
        size=size,
        main=item("app", size=size, more="secret = var.password")
        + 'variable "password" {\n  type = string\n  sensitive = true\n}\n'
        + 'output "token" {\n  value = lab_item.app.token\n  sensitive = true\n}\noutput "endpoint" { value = lab_item.app.endpoint }\n',
        more='variables: {environment: "${environment.name}", password: "${secret:PASSWORD}"}, checks: [{http: {url: "${outputs.endpoint}/health", '
        'headers: {Authorization: "Bearer ${secret:HEADER}"}, within: 10s, interval: 100ms}}]',
    )
    shop.stack(
        "user",
        main=item("user", size=size, more="content = var.token") + 'variable "token" { type = string }\n',
        depends_on=["app"],
        more='variables: {environment: "${environment.name}", token: "${components.app.outputs.token}"}',
    )


def test_no_secret_is_found_anywhere(shop: Shop, lab: LabCloud, built: tools.Tools) -> None:
    shop.organization("  dev: {zone: staging}")  # the development zone hands on whatever there is
    _with_secrets(shop)
    notes = _watch_tofu(shop, built)
    _write(shop, 1)
    shop.commit("Secrets")
    shown: list[Result] = [shop.deploy().expect(0)]
    app, user = lab.item("dev", "app"), lab.item("dev", "user")
    assert (app.written["secret"], user.written["content"]) == (PASSWORD, app.token)  # they did get there
    planted = {
        "the variable": PASSWORD,
        "the check's header": HEADER,
        "the sensitive output": app.token,
        "the reader's token": READER.value,
        "the writer's token": WRITER.value,
    }

    _write(shop, 2)
    shop.commit("Grow")
    shown += [
        shop.run("plan", "--markdown", str(shop.folder / "plan.md")).expect(0),
        shop.run("plan", "--json").expect(0),
    ]
    lab.faults.add("echo", methods=("PUT",), name="user", field="content")
    lab.faults.add("echo", methods=("PUT",), name="app", field="secret", after=1)
    failed = shop.run("deploy", "--json").expect(
        4
    )  # the way forward of one and the way back of the other end with an echo
    refused = [entry for entry in lab.journal if entry.outcome == "refused"]
    assert [e for e in refused if app.token in e.error], "the provider was to be told the value in an error"
    assert [e for e in refused if PASSWORD in e.error]
    lab.faults.clear()
    shown += [
        failed,
        shop.run("status", failed.id),
        shop.run("status", failed.id, "--json"),
        shop.run("status", "--check"),
        shop.run("show", failed.id),
        shop.run("show", failed.id, "--json"),
        shop.run("logs", failed.id),
        shop.run("history"),
        shop.run("history", "--json"),
        shop.run("drift"),
        shop.run("drift", "--json"),
        shop.run("audit", "verify"),
        shop.run("doctor"),
    ]
    shown.append(shop.run("rollback", "--deployment", failed.id).expect(0))

    found = [line for result in shown for line in _found(planted, "what is shown", result.text.encode())]
    assert sorted(set(found)) == []
    assert _in_files(planted, shop.folder) == []
    assert len(_in_files({"what is no secret": "lab_item.user"}, shop.home)) > 1  # it does look into database and logs
    called = notes.read_text()
    assert "LAB_TOKEN" in called  # it was watched
    assert "SHOP_PASSWORD" not in called


def test_a_rotated_secret_asks_again_and_an_equal_one_does_not(shop: Shop, lab: LabCloud) -> None:
    shop.organization("  live: {zone: production, approval: {teams: [platform], count: 1}}")
    _with_secrets(shop)
    _write(shop, 1)
    del shop.stacks["user"]
    shop.components()
    shop.commit("A secret")
    waiting = shop.deploy().expect(3)
    shop.approve(waiting.id).expect(0)
    shop.run("cancel", waiting.id)
    rotated = shop.run("deploy", environment={"SHOP_PASSWORD": "another"}).expect(3)
    assert shop.gate(rotated.id, "live/app", "approval")["verdict"] == "pending"
    shop.run("cancel", rotated.id)
    assert shop.writes() == []
    # the same value from another place is the same intent: the approval still counts
    (shop.folder / "password").write_text(PASSWORD)
    path = shop.repository / "organization.yaml"
    path.write_text(path.read_text().replace("{env: SHOP_PASSWORD}", f"{{file: {shop.folder / 'password'}}}"))
    shop.commit("Keep the password in a file")
    shop.run("deploy", environment={"SHOP_PASSWORD": None}).expect(0)
    assert lab.item("live", "app").written["secret"] == PASSWORD
