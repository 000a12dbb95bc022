"""`http` against a real server that answers well, badly, slowly, or not at all."""

import json
import socket
import time
from typing import Any

import pytest

from interlock.engine.checks import run_check
from interlock.model.check import Check, CheckResult
from interlock.model.errors import SecretUnresolved
from interlock.model.template import Reference
from interlock.testing.world import Outside, secret

from .serving import Asked, free_port, http_server, raw_server

BODY = json.dumps({"status": "ok", "checks": [{"name": "db", "up": True}], "version": 3}).encode()


def nothing(reference: Reference) -> Any:
    raise AssertionError(reference)


def once(settings: dict[str, Any], out: Outside, look_up: Any = nothing, **more: Any) -> CheckResult:
    return run_check(
        Check("http", "health", settings, **{"timeout": 2.0, "within": 2.0, "failures": 1, **more}), look_up, out.world
    )


@pytest.mark.parametrize(
    ("answer", "wanted", "detail"),
    [
        (200, {}, "HTTP 200"),
        (204, {}, "HTTP 204"),
        (302, {}, None),
        (404, {}, None),
        (500, {}, None),
        (201, {"status": 200}, None),
        (201, {"status": 201}, "HTTP 201"),
        (404, {"status": [200, 404]}, "HTTP 404"),
        (404, {"status": ["2xx", "4xx"]}, "HTTP 404"),
        (299, {"status": "200-298"}, None),
        (200, {"status": "200"}, "HTTP 200"),
        (200, {"expect_headers": {"X-App": "one"}}, "HTTP 200"),
        (200, {"expect_headers": {"x-app": "two"}}, None),
        (200, {"expect_headers": {"X-None": "one"}}, None),
        (200, {"body_contains": '"ok"'}, "HTTP 200"),
        (200, {"body_contains": ["ok", "db"]}, "HTTP 200"),
        (200, {"body_contains": ["ok", "absent"]}, None),
        (200, {"body_matches": r'"version":\s*\d'}, "HTTP 200"),
        (200, {"body_matches": "^nothing$"}, None),
        (200, {"json": {"status": "ok", "checks[0].up": True, "version": 3}}, "HTTP 200"),
        (200, {"json": {"checks[0].up": 1}}, None),
        (200, {"json": {"checks[1].up": True}}, None),
        (200, {"json": {"status": None}}, None),
        (500, {"json": {"status": "ok"}}, None),
    ],
)
def test_the_answer_is_judged(out: Outside, answer: int, wanted: dict[str, Any], detail: str | None) -> None:
    with http_server(
        lambda _: (answer, {"X-App": "one", "Location": "/elsewhere"}, b"" if answer == 204 else BODY)
    ) as served:
        result = once({"url": served.url, **wanted}, out)
    assert result.passed is (detail is not None), result
    if detail:
        assert result.detail == detail
    else:
        assert len(result.detail) > len("HTTP 200")
    assert result.attempts == 1


def test_what_is_sent(out: Outside) -> None:
    with http_server(lambda _: (200, {}, b"")) as served:
        assert once(
            {"url": served.url + "/x?y=1", "method": "post", "headers": {"X-A": "b"}, "body": {"k": [1]}}, out
        ).passed
        assert once({"url": served.url, "method": "PUT", "body": "plain"}, out).passed
    first, second = served.asked
    assert (first.method, first.path, json.loads(first.body)) == ("POST", "/x?y=1", {"k": [1]})
    assert first.headers["content-type"] == "application/json"
    assert first.headers["x-a"] == "b"
    assert (second.method, second.body) == ("PUT", b"plain")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "ftp://127.0.0.1/"},
        {"url": "127.0.0.1:80"},
        {"url": "http://"},
        {"url": 5},
        {"stauts": 200},
        {"status": "20x"},
        {"status": 2},
        {"status": []},
        {"status": True},
        {"status": None},
        {"body_matches": "("},
        {"json": {"a[": 1}},
        {"json": ["a"]},
        {"json_": {"a": 1}},  # not a key: ignoring it would leave an expectation out
        {"headers": {"a": 1}},
        {"body_contains": {"a": 1}},
    ],
)
def test_settings_that_make_no_sense_fail_without_a_request(out: Outside, settings: dict[str, Any]) -> None:
    with http_server(lambda _: (200, {}, b"{}")) as served:
        given = settings if "url" in settings or not settings else {"url": served.url, **settings}
        result = once(given, out, within=30.0, failures=0)
    assert not result.passed, result
    assert served.asked == []


@pytest.mark.parametrize(
    "speech",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok but short",
        b"HTTP/1.1 99999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
)
def test_malformed_answers_never_pass(out: Outside, speech: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(speech)

    with raw_server(talk) as address:
        result = once({"url": f"http://{address}/", "body_contains": "ok"}, out)
    assert not result.passed
    assert result.detail


def test_silence_and_dripping_never_pass_and_end(out: Outside) -> None:
    def silent(connection: socket.socket) -> None:
        time.sleep(30)

    def dripping(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b".")
            time.sleep(0.1)

    for talk in (silent, dripping):
        with raw_server(talk) as address:
            assert not once({"url": f"http://{address}/"}, out, timeout=0.5, within=1.0, failures=0).passed


def test_nobody_there(out: Outside) -> None:
    result = once({"url": f"http://127.0.0.1:{free_port()}/"}, out)
    assert not result.passed
    assert not once({"url": "http://no-such-host.invalid/"}, out).passed


def test_a_secret_in_a_header_appears_nowhere_even_when_it_is_echoed(out: Outside) -> None:
    token = secret(out, 's3cr3t/"value"+1')

    def echo(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        return (
            401,
            {"X-Echo": asked.headers["authorization"]},
            json.dumps({"you": asked.headers["authorization"]}).encode(),
        )

    settings = {
        "headers": {"Authorization": "Bearer ${secret:TOKEN}"},
        "expect_headers": {"X-Echo": "no"},
        "json": {"you": "no"},
        "body_contains": "${secret:TOKEN}",
    }
    with http_server(echo) as served:
        result = once({"url": served.url, **settings}, out, lambda reference: token)
    assert served.asked[0].headers["authorization"] == 'Bearer s3cr3t/"value"+1'
    assert not result.passed
    assert "s3cr3t" not in repr(result)
    assert "(secret)" in result.detail


def test_a_secret_without_a_value_fails_and_says_which(out: Outside) -> None:
    def look_up(reference: Reference) -> Any:
        raise SecretUnresolved("secret TOKEN has no value: environment variable APP_TOKEN is not set")

    with http_server(lambda _: (200, {}, b"")) as served:
        result = once({"url": served.url, "headers": {"A": "${secret:TOKEN}"}}, out, look_up)
    assert not result.passed
    assert "APP_TOKEN" in result.detail
    assert served.asked == []


def test_a_reference_resolves_and_a_malformed_one_fails_at_once(out: Outside) -> None:
    with http_server(lambda _: (200, {}, b"")) as served:
        assert once({"url": "${outputs.url}/health"}, out, lambda reference: served.url).passed
        result = once({"url": "${outputs}"}, out, within=30.0, failures=0)
    assert served.asked[0].path == "/health"
    assert not result.passed
    assert result.attempts == 1


def test_it_goes_on_until_enough_good_answers_in_a_row(out: Outside) -> None:
    answers = iter([500, 200, 500, 200, 200, 200, 200])
    with http_server(lambda _: (next(answers), {}, b"")) as served:
        result = once({"url": served.url}, out, within=20.0, failures=0, interval=0.01, successes=3)
    assert result.passed
    assert result.attempts == 6


def test_a_large_body_is_read_in_part(out: Outside) -> None:
    with http_server(lambda _: (200, {}, b"start" + b"x" * 3_000_000 + b"end")) as served:
        assert once({"url": served.url, "body_contains": "start"}, out).passed
        assert not once({"url": served.url, "body_contains": "end"}, out).passed


def test_this_machine_is_never_asked_through_a_proxy(out: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with http_server(lambda _: (200, {}, b"")) as served:
        assert once({"url": served.url}, out).passed
        assert once({"url": served.url.replace("127.0.0.1", "localhost")}, out).passed
