"""`runner` against a server that gives the answers GitLab documents, and those it should not give."""

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from interlock.engine.checks import Outside as Around
from interlock.engine.checks import run_check
from interlock.model.check import Check, CheckResult
from interlock.testing.world import Outside, secret

from .serving import Asked, http_server

#: the example of "Get runner's details" in the Runners API's documentation, of GitLab 18
DETAILS: dict[str, Any] = {
    "active": True,
    "paused": False,
    "architecture": None,
    "description": "test-1-20150125",
    "id": 6,
    "ip_address": "",
    "is_shared": False,
    "runner_type": "project_type",
    "contacted_at": "2016-01-25T16:39:48.066Z",
    "maintenance_note": None,
    "name": None,
    "online": True,
    "status": "online",
    "platform": None,
    "projects": [],
    "revision": None,
    "tag_list": ["ruby", "mysql"],
    "version": None,
    "access_level": "ref_protected",
    "maximum_timeout": 3600,
}
TOKEN = "glpat-conformance-token"


class GitLab:
    """Runners by id; details and list as documented. `refuse` maps a path to a status."""

    def __init__(self, *runners: dict[str, Any]) -> None:
        self.runners = list(runners)
        self.refuse: dict[str, int] = {}
        self.raw: dict[str, bytes] = {}

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        path, _, query = asked.path.partition("?")
        if asked.headers.get("private-token") != TOKEN:
            return 401, {}, b'{"message":"401 Unauthorized"}'
        if path in self.refuse:
            return self.refuse[path], {}, b'{"message":"refused"}'
        if path in self.raw:
            return 200, {}, self.raw[path]
        if match := re.fullmatch(r"/api/v4/runners/(\d+)", path):
            found = next((r for r in self.runners if r["id"] == int(match[1])), None)
            return (200, {}, json.dumps(found).encode()) if found else (404, {}, b'{"message":"404 Not found"}')
        if path in ("/api/v4/runners/all", "/api/v4/runners"):
            page = int(re.search(r"(?:^|&)page=(\d+)", query)[1])  # type: ignore[index]
            per = 2  # a server may give fewer than were asked for
            keys = (
                "active",
                "paused",
                "description",
                "id",
                "ip_address",
                "is_shared",
                "runner_type",
                "name",
                "online",
                "status",
            )
            rows = [{key: runner.get(key) for key in keys} for runner in self.runners[(page - 1) * per : page * per]]
            following = str(page + 1) if page * per < len(self.runners) else ""
            return 200, {"X-Next-Page": following}, json.dumps(rows).encode()
        return 404, {}, b""


def runner(**more: Any) -> dict[str, Any]:
    contacted = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**copy.deepcopy(DETAILS), "contacted_at": contacted, **more}


def look(gitlab: GitLab, settings: dict[str, Any], out: Outside, runners: dict[str, Any] | None = None) -> CheckResult:
    with http_server(gitlab.answer) as served:
        token = secret(out, TOKEN)
        given = {name: {"url": served.url, **one} for name, one in (runners or {}).items()}
        if not runners:
            settings = {"url": served.url, "token": "${secret:T}", **settings}
        check = Check("runner", "ci", settings, timeout=5.0, within=5.0, failures=1)
        result = run_check(check, lambda reference: token, out.world, Around(runners=given))
    assert TOKEN not in repr(result)
    return result


def test_an_online_runner_by_id(out: Outside) -> None:
    result = look(GitLab(runner()), {"id": 6}, out)
    assert result.passed, result
    assert "online" in result.detail


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "offline", "online": False},
        {"status": "stale", "online": False},
        {"status": "never_contacted", "online": False, "contacted_at": None},
        {"status": "not_connected", "online": False},
        {"status": "paused", "online": True},
        {"status": "online", "online": False},
        {"status": "offline", "online": True},
        {"status": "online", "online": "true"},
        {"status": "ONLINE"},
        {"status": None},
        {"status": ["online"]},
        {"online": None},
        {"paused": True},
        {"active": False},
        {"paused": "false"},
        {"contacted_at": None},
        {"contacted_at": "yesterday"},
        {"contacted_at": "2016-01-25T16:39:48"},
        {"contacted_at": 1453739988},
        {"contacted_at": "2999-01-01T00:00:00Z"},
        {"id": 7},
    ],
)
def test_whatever_is_not_wholly_online_fails(out: Outside, wrong: dict[str, Any]) -> None:
    gitlab = GitLab()
    gitlab.raw["/api/v4/runners/6"] = json.dumps(runner(**wrong)).encode()
    result = look(gitlab, {"id": 6}, out)
    assert not result.passed
    assert result.detail


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 302, 204])
def test_answers_that_are_none(out: Outside, status: int) -> None:
    gitlab = GitLab(runner())
    gitlab.refuse = {"/api/v4/runners/6": status}
    result = look(gitlab, {"id": 6}, out)
    assert not result.passed
    assert str(status) in result.detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"[]",
        b"null",
        b"{}",
        b'"online"',
        b"<html>sign in</html>",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"id": 6}',
    ],
)
def test_garbage_fails(out: Outside, body: bytes) -> None:
    gitlab = GitLab()
    gitlab.raw = {"/api/v4/runners/6": body}
    assert not look(gitlab, {"id": 6}, out).passed
    gitlab = GitLab()
    gitlab.raw = {"/api/v4/runners/all": body}
    assert not look(gitlab, {"description": "test-1-20150125"}, out).passed


def test_a_wrong_token_is_named_as_such(out: Outside) -> None:
    result = look(GitLab(runner()), {"id": 6, "token": "glpat-another"}, out)
    assert not result.passed
    assert "token is not valid" in result.detail


def test_by_description_over_all_pages(out: Outside) -> None:
    others = [runner(id=n, description=f"other-{n}") for n in range(20, 27)]
    assert look(GitLab(*others, runner()), {"description": "test-1-20150125"}, out).passed
    assert not look(GitLab(*others), {"description": "test-1-20150125"}, out).passed


def test_without_an_administrators_token_the_own_runners_are_searched(out: Outside) -> None:
    gitlab = GitLab(runner())
    gitlab.refuse = {"/api/v4/runners/all": 403}
    assert look(gitlab, {"description": "test-1-20150125"}, out).passed


def test_two_of_one_description_are_not_guessed_between(out: Outside) -> None:
    result = look(GitLab(runner(), runner(id=9)), {"description": "test-1-20150125"}, out)
    assert not result.passed
    assert "6, 9" in result.detail


def test_by_the_name_of_organization_yaml(out: Outside) -> None:
    gitlab = GitLab(runner(description="shared"))
    one = {"token": "${secret:T}", "cache": "attic"}
    assert look(gitlab, {"name": "shared"}, out, {"shared": one}).passed
    assert look(GitLab(runner()), {"name": "shared"}, out, {"shared": {**one, "id": 6}}).passed
    assert not look(gitlab, {"name": "other"}, out, {"shared": one}).passed
    assert not look(GitLab(runner()), {"name": "shared"}, out, {"shared": one}).passed


def test_a_contact_too_long_ago(out: Outside) -> None:
    assert look(GitLab(runner()), {"id": 6, "contacted_within": "10m"}, out).passed
    assert not look(GitLab(runner()), {"id": 6, "contacted_within": "10s"}, out).passed
    assert not look(GitLab(runner()), {"id": 6, "contacted_within": "10"}, out).passed


@pytest.mark.parametrize(
    "settings",
    [{}, {"id": "6"}, {"id": 6, "url": "gitlab.example"}, {"id": 6, "tags": ["x"]}, {"id": True}, {"description": ""}],
)
def test_settings_that_make_no_sense(out: Outside, settings: dict[str, Any]) -> None:
    assert not look(GitLab(runner()), settings, out).passed
