"""`tcp` and `command`, for real."""

import sys
from pathlib import Path
from typing import Any

import pytest

from interlock.engine.checks import Outside as Around
from interlock.engine.checks import run_check
from interlock.model.check import Check, CheckResult
from interlock.testing.world import Outside, environ, secret

from .serving import free_port, raw_server


def once(type_: str, settings: dict[str, Any], out: Outside, around: Around | None = None, **more: Any) -> CheckResult:
    check = Check(type_, "it", settings, **{"timeout": 5.0, "within": 5.0, "failures": 1, **more})
    return run_check(check, lambda reference: secret(out, "hidden-value"), out.world, around)


def test_a_port_that_accepts(out: Outside) -> None:
    with raw_server(lambda connection: None) as address:
        host, port = address.split(":")
        for settings in ({"address": address}, {"host": host, "port": int(port)}, {"host": "localhost", "port": port}):
            result = once("tcp", settings, out)
            assert result.passed, result
    assert not once("tcp", {"address": f"127.0.0.1:{free_port()}"}, out).passed


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "127.0.0.1"},
        {"port": 80},
        {"host": "127.0.0.1", "port": 0},
        {"host": "127.0.0.1", "port": 70000},
        {"host": "127.0.0.1", "port": "ssh"},
        {"host": "127.0.0.1", "port": True},
        {"host": "127.0.0.1", "port": 1.5},
        {"address": "127.0.0.1"},
        {"address": "::1:80"},
        {"address": "a:80", "host": "b"},
        {"host": "127.0.0.1", "port": 80, "protocol": "udp"},
        {"host": "no-such-host.invalid", "port": 80},
        {"host": "x" * 70 + ".example", "port": 80},
    ],
)
def test_what_never_passes(out: Outside, settings: dict[str, Any]) -> None:
    result = once("tcp", settings, out)
    assert not result.passed
    assert result.detail


def around(folder: Path, **more: str) -> Around:
    return Around(environ=environ(**more), cwd=folder)


def test_a_program_by_its_exit_code(out: Outside, tmp_path: Path) -> None:
    good = once("command", {"run": [sys.executable, "-c", "print('all well')"]}, out, around(tmp_path))
    assert (good.passed, good.detail) == (True, "all well")
    bad = once(
        "command", {"argv": [sys.executable, "-c", "print('not well'); raise SystemExit(3)"]}, out, around(tmp_path)
    )
    assert not bad.passed
    assert bad.detail == "exit code 3: not well"


def test_its_environment_is_what_it_is_given(out: Outside, tmp_path: Path) -> None:
    program = "import os; assert os.environ['A'] == '1' and os.environ['T'].startswith('hidden'); assert 'HOME' not in os.environ; print(os.environ['T'])"
    result = once(
        "command",
        {"run": [sys.executable, "-c", program], "environ": {"T": "${secret:T}"}},
        out,
        around(tmp_path, A="1"),
    )
    assert result.passed, result
    assert result.detail == "(secret)"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"run": []},
        {"run": [""]},
        {"run": "true"},
        {"run": ["true"], "argv": ["true"]},
        {"run": ["true", 1]},
        {"run": ["no-such-program-anywhere"]},
        {"run": ["/etc/passwd"]},
        {"run": ["true\0"]},
        {"run": ["true"], "shell": True},
        {"run": ["sh", "-c", "kill -9 $$"]},
    ],
)
def test_programs_that_never_pass(out: Outside, tmp_path: Path, settings: dict[str, Any]) -> None:
    result = once("command", settings, out, around(tmp_path))
    assert not result.passed
    assert result.detail


def test_a_slow_program_fails(out: Outside, tmp_path: Path) -> None:
    result = once("command", {"run": ["sleep", "60"]}, out, around(tmp_path), timeout=0.3, within=0.5, failures=0)
    assert not result.passed


def test_a_shell_metacharacter_is_an_argument(out: Outside, tmp_path: Path) -> None:
    result = once("command", {"run": ["echo", "a; touch made"]}, out, around(tmp_path))
    assert result.detail == "a; touch made"
    assert not (tmp_path / "made").exists()


def test_an_unknown_type_fails(out: Outside) -> None:
    assert not once("ping", {}, out).passed
