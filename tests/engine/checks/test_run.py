"""Several checks at a time, and soaking."""

import threading
import time
from typing import Any

import pytest

from interlock.engine.checks import run_check, run_checks, soak
from interlock.model.check import Check, CheckResult
from interlock.model.errors import Cancelled, Unavailable
from interlock.model.template import Reference
from interlock.testing.world import Outside

from .serving import Asked, free_port, http_server


def nothing(reference: Reference) -> Any:
    raise AssertionError(reference)


def http(url: str, name: str = "health", **more: Any) -> Check:
    return Check("http", name, {"url": url}, **{"timeout": 2.0, "within": 2.0, "interval": 0.02, **more})


def test_results_are_in_the_order_of_the_checks(out: Outside) -> None:
    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.2 if asked.path == "/a" else 0)
        return (500 if asked.path == "/b" else 200), {}, b""

    seen: list[str] = []
    with http_server(answer) as served:
        checks = [http(f"{served.url}/{name}", name, failures=1) for name in "abcd"]
        results = run_checks(checks, nothing, out.world, on_result=lambda result: seen.append(result.name))
    assert [(r.name, r.passed) for r in results] == [("a", True), ("b", False), ("c", True), ("d", True)]
    assert sorted(seen) == list("abcd")
    assert run_checks([], nothing, out.world) == ()


def test_they_run_at_the_same_time(out: Outside) -> None:
    together = threading.Barrier(3)

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        together.wait(5)  # breaks, and answers nothing, unless all three are here
        return 200, {}, b""

    with http_server(answer) as served:
        results = run_checks([http(served.url, name) for name in "abc"], nothing, out.world)
    assert all(result.passed for result in results)


def test_a_look_up_that_fails_or_breaks_is_a_bad_attempt(out: Outside) -> None:
    def down(reference: Reference) -> Any:
        raise Unavailable("the secrets' source does not answer")

    def broken(reference: Reference) -> Any:
        raise KeyError("token value in a message")

    for look_up in (down, broken):
        result = run_check(Check("http", "x", {"url": "${outputs.url}"}, within=0.2, interval=0.05), look_up, out.world)
        assert not result.passed
        assert "token value" not in result.detail
    assert (
        "does not answer"
        in run_check(Check("http", "x", {"url": "${outputs.url}"}, within=0.1), down, out.world).detail
    )


def test_no_time_no_pass(out: Outside) -> None:
    with http_server(lambda _: (200, {}, b"")) as served:
        result = run_check(http(served.url, within=0.0), nothing, out.world)
    assert not result.passed
    assert (result.attempts, served.asked) == (0, [])


def test_cancelled_while_waiting(out: Outside) -> None:
    check = Check("tcp", "x", {"address": f"127.0.0.1:{free_port()}"}, within=600, interval=600)
    threading.Timer(0.3, out.cancel.request).start()
    with pytest.raises(Cancelled):
        run_checks([check, check], nothing, out.world)
    with pytest.raises(Cancelled):
        run_check(check, nothing, out.world)


def test_a_soak_passes_when_every_sample_is_good(out: Outside) -> None:
    progress: list[tuple[float, tuple[CheckResult, ...]]] = []
    with http_server(lambda _: (200, {}, b"")) as served:
        results = soak(
            [http(served.url, "a"), http(served.url, "b")],
            0.3,
            nothing,
            out.world,
            on_progress=lambda at, r: progress.append((at, r)),
        )
    assert [(r.name, r.passed) for r in results] == [("a", True), ("b", True)]
    assert len(progress) >= 3
    assert progress[-1][0] >= 0.3  # the last sample was taken at the end, not before
    assert results[0].attempts == len(progress)


def test_any_bad_sample_fails_a_soak(out: Outside) -> None:
    answers = iter([200, 200, 503, 200, 200])
    with http_server(lambda _: (next(answers), {}, b"")) as served:
        results = soak([http(served.url)], 60, nothing, out.world)
    assert [r.passed for r in results] == [False]
    assert "503" in results[0].detail


def test_a_soak_gives_a_check_its_failures_but_not_at_the_end(out: Outside) -> None:
    answers = iter([200, 503, 200, 503, 503])
    with http_server(lambda _: (next(answers), {}, b"")) as served:
        results = soak([http(served.url, failures=2)], 60, nothing, out.world)
    assert len(served.asked) == 5
    assert not results[0].passed
    with http_server(lambda _: (503, {}, b"")) as served:
        assert not soak([http(served.url, failures=5)], 0.0, nothing, out.world)[0].passed


def test_a_soak_of_nothing_shows_nothing(out: Outside) -> None:
    assert soak([], 0.05, nothing, out.world) == ()


def test_a_soak_is_cancelled(out: Outside) -> None:
    threading.Timer(0.2, out.cancel.request).start()
    with http_server(lambda _: (200, {}, b"")) as served, pytest.raises(Cancelled):
        soak([http(served.url)], 600, nothing, out.world)
