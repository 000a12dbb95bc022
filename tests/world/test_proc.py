"""Programs, against the real system: how they end, are cancelled, speak, and die with us."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from interlock.model.digest import Keyed
from interlock.model.errors import Cancelled, Permanent, TimedOut, ToolFailed, ToolMissing
from interlock.world.cancel import CancelToken
from interlock.world.proc import Programs
from interlock.world.secrets import SecretStore

ENVIRON = {"PATH": os.environ["PATH"]}
TMP = Path(tempfile.gettempdir())


@pytest.fixture
def secrets() -> SecretStore:
    return SecretStore({}, {}, Keyed(b"k" * 32))


@pytest.fixture
def cancel() -> CancelToken:
    return CancelToken()


@pytest.fixture
def programs(secrets: SecretStore, cancel: CancelToken) -> Programs:
    return Programs(secrets, cancel)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(processes: list[int], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while any(alive(process) for process in processes) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(alive(process) for process in processes)


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_streams_exit_and_input(programs: Programs, tmp_path: Path) -> None:
    done = programs.run(
        ["sh", "-c", "cat; echo bad >&2; pwd; env; exit 3"],
        what="x",
        cwd=tmp_path,
        environ={**ENVIRON, "A": "1"},
        stdin=b"in\n",
        accept={3},
    )
    lines = done.stdout.splitlines()
    assert (done.exit_code, lines[:2], done.stderr) == (3, ["in", str(tmp_path)], "bad\n")
    assert {line.partition("=")[0] for line in lines[2:]} <= {"A", "PATH", "PWD", "SHLVL", "_", "OLDPWD"}
    assert programs.run(["cat"], what="x", cwd=TMP, environ=ENVIRON).stdout == ""
    large = b"x" * 3_000_000
    assert programs.run(["wc", "-c"], what="x", cwd=TMP, environ=ENVIRON, stdin=large).stdout.strip() == "3000000"
    assert programs.run(["true"], what="x", cwd=TMP, environ=ENVIRON, stdin=large).exit_code == 0


def test_failures_are_told(programs: Programs, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as failed:
        programs.run(["sh", "-c", "echo why >&2; exit 7"], what="plan of network", cwd=TMP, environ=ENVIRON)
    assert (failed.value.exit_code, failed.value.output) == (7, "why")
    assert "plan of network" in failed.value.message
    with pytest.raises(ToolFailed, match="SIGSEGV"):
        programs.run(["sh", "-c", "kill -SEGV $$"], what="x", cwd=TMP, environ=ENVIRON)
    with pytest.raises(ToolMissing, match="no-such-tool"):
        programs.run(["no-such-tool"], what="x", cwd=TMP, environ=ENVIRON)
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    with pytest.raises(ToolMissing, match="may not be executed"):
        programs.run([tmp_path / "plain"], what="x", cwd=TMP, environ=ENVIRON)
    with pytest.raises(Permanent, match="no folder"):
        programs.run(["true"], what="x", cwd=tmp_path / "absent", environ=ENVIRON)
    with pytest.raises(ToolFailed, match="NUL"):
        programs.run(["true", "a\0b"], what="x", cwd=TMP, environ=ENVIRON)


def test_lines_come_redacted(programs: Programs, secrets: SecretStore) -> None:
    secrets.register("hunter2hunter2")
    said = [b"a hunter2", b"hunter2 b\nne", b"xt\r\n", b"\xff\n", b"no end"]
    code = f"import os,time\nfor part in {said}: os.write(1, part); time.sleep(0.05)"
    lines: list[str] = []
    done = programs.run(python(code), what="x", cwd=TMP, environ=ENVIRON, on_line=lines.append)
    assert lines == ["a (secret) b", "next", "\ufffd", "no end"]
    assert "hunter2" not in done.stdout
    with pytest.raises(ToolFailed) as failed:
        programs.run(["sh", "-c", 'echo "$S"; exit 1'], what="x", cwd=TMP, environ={**ENVIRON, "S": "hunter2hunter2"})
    assert failed.value.output == "(secret)"
    with pytest.raises(ToolFailed) as failed:
        programs.run(["echo", "password=hunter2hunter2"], what="x", cwd=TMP, environ=ENVIRON)
    assert failed.value.slug == "secret-in-arguments"
    assert "hunter2" not in str(failed.value)


def test_much_output_in_bounded_memory(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from interlock.model.digest import Keyed
from interlock.world.cancel import CancelToken
from interlock.world.proc import Programs
from interlock.world.secrets import SecretStore
programs = Programs(SecretStore({}, {}, Keyed(b'k'*32)), CancelToken())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lines = []
for argv in (["sh", "-c", "yes 0123456789 | head -c 200000000"], ["head", "-c", "200000000", "/dev/zero"]):
    done = programs.run(argv, what="x", cwd=Path("/"), environ={"PATH": "/bin:/usr/bin"}, keep=100000, on_line=lambda line: lines.append(len(line)))
    assert len(done.stdout) == 100000, len(done.stdout)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before - len(lines) * 8 // 1024, max(lines))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, longest = map(int, done.stdout.split())
    assert grown < 60_000  # kB
    assert longest == 64_000


def test_output_to_a_private_file(programs: Programs, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("old and much longer than the new")
    target.chmod(0o644)
    done = programs.run(["printf", "raw"], what="x", cwd=TMP, environ=ENVIRON, stdout_to=target)
    assert (done.stdout, target.read_bytes(), target.stat().st_mode & 0o777) == ("", b"raw", 0o600)


def test_cancelled_before_the_start_starts_nothing(programs: Programs, cancel: CancelToken, tmp_path: Path) -> None:
    cancel.request()
    with pytest.raises(Cancelled):
        programs.run(["touch", tmp_path / "made"], what="x", cwd=TMP, environ=ENVIRON)
    assert not (tmp_path / "made").exists()


_STUBBORN = """
import os, signal, sys, time
def note(number, frame):
    os.write(1, signal.Signals(number).name.encode() + bytes([10]))
    if signal.Signals(number).name in sys.argv[1].split(","): sys.exit(1)
signal.signal(signal.SIGINT, note); signal.signal(signal.SIGTERM, note)
os.write(1, b"ready" + bytes([10]))
while True: time.sleep(0.05)
"""


@pytest.mark.parametrize(("ends_on", "seen"), [("SIGINT", ["SIGINT"]), ("SIGTERM", ["SIGINT", "SIGTERM"])])
def test_cancel_asks_before_it_kills(programs: Programs, cancel: CancelToken, ends_on: str, seen: list[str]) -> None:
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if line == "ready":
            cancel.request()

    with pytest.raises(Cancelled):
        programs.run([*python(_STUBBORN), ends_on], what="x", cwd=TMP, environ=ENVIRON, on_line=hear, grace=0.3)
    assert lines == ["ready", *seen]


def test_a_second_cancel_kills(programs: Programs, cancel: CancelToken) -> None:
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        cancel.request(hard=line == "SIGINT")

    with pytest.raises(Cancelled):
        programs.run([*python(_STUBBORN), "never"], what="x", cwd=TMP, environ=ENVIRON, on_line=hear, grace=1000)
    assert lines == ["ready", "SIGINT"]


def test_a_child_token_follows_its_parent() -> None:
    parent = CancelToken()
    child = parent.child()
    other = parent.child()
    child.request()
    assert (child.requested, parent.requested, other.requested) == (True, False, False)
    threading.Timer(0.05, lambda: parent.request(hard=True)).start()
    assert other.wait(10)
    assert other.hard
    assert not CancelToken().wait(0.01)


def test_timeout_ends_the_whole_group(programs: Programs, tmp_path: Path) -> None:
    script = f"trap '' INT TERM; sleep 1000 & echo $! $$ > {tmp_path}/pids; wait; sleep 1000"
    with pytest.raises(TimedOut):
        programs.run(["sh", "-c", script], what="x", cwd=TMP, environ=ENVIRON, timeout=0.5, grace=0.1)
    assert gone([int(word) for word in (tmp_path / "pids").read_text().split()])


def test_a_grandchild_does_not_keep_us(programs: Programs, tmp_path: Path) -> None:
    begun = time.monotonic()
    done = programs.run(
        ["sh", "-c", f"sleep 1000 & echo $! > {tmp_path}/pid; echo out"], what="x", cwd=TMP, environ=ENVIRON
    )
    assert done.stdout == "out\n"
    assert time.monotonic() - begun < 100
    assert gone([int((tmp_path / "pid").read_text())])


def test_an_error_in_a_listener_leaves_nothing_behind(programs: Programs, tmp_path: Path) -> None:
    def fail(line: str) -> None:
        raise RuntimeError(line)

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(RuntimeError, match=r"\d+"):
        programs.run(
            ["sh", "-c", f"echo $$ > {tmp_path}/pid; echo 1; sleep 1000"],
            what="x",
            cwd=TMP,
            environ=ENVIRON,
            on_line=fail,
        )
    assert gone([int((tmp_path / "pid").read_text())])
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the guard's pipe, when this was the first program


def test_no_descriptor_is_left_after_many_runs_in_threads(programs: Programs) -> None:
    programs.run(["true"], what="x", cwd=TMP, environ=ENVIRON)
    before = len(os.listdir("/proc/self/fd"))

    def work() -> None:
        for _ in range(20):
            assert programs.run(["echo", "x"], what="x", cwd=TMP, environ=ENVIRON).stdout == "x\n"
            with pytest.raises(ToolMissing):
                programs.run(["no-such"], what="x", cwd=TMP, environ=ENVIRON)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir("/proc/self/fd")) == before


_RUNNER = """
import sys, threading
from pathlib import Path
from interlock.model.digest import Keyed
from interlock.world.cancel import CancelToken
from interlock.world.proc import Programs
from interlock.world.secrets import SecretStore
programs = Programs(SecretStore({}, {}, Keyed(b'k'*32)), CancelToken())
def run(argv): programs.run(argv, what="x", cwd=Path("/"), environ={"PATH": "/bin:/usr/bin", "MARK": sys.argv[1]}, accept=range(-64, 256))
threads = [threading.Thread(target=run, args=(["sh", "-c", "trap '' INT TERM HUP; (trap '' HUP; sleep 1000) & sleep 1000"],)) for _ in range(3)]
for thread in threads: thread.start()
print("started", flush=True)
if len(sys.argv) > 2:
    while True: run(["true"])
for thread in threads: thread.join()
"""


def marked(mark: str) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if f"MARK={mark}".encode() in Path(f"/proc/{name}/environ").read_bytes().split(b"\0") and alive(
                    int(name)
                ):
                    found.append(int(name))
            except (OSError, ProcessLookupError):
                continue
    return found


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.5])
def test_killed_with_9_leaves_neither_child_nor_grandchild(delay: float) -> None:
    mark = f"interlock-test-{os.getpid()}-{delay}"
    parent = subprocess.Popen([sys.executable, "-c", _RUNNER, mark, "busy"], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()
    time.sleep(delay)
    if delay == 0.5:
        assert len(marked(mark)) >= 9
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 10
    while marked(mark) and time.monotonic() < end:
        time.sleep(0.02)
    assert marked(mark) == []


def test_the_guard_is_started_again(programs: Programs) -> None:
    from interlock.world.guarded import GUARD

    programs.run(["true"], what="x", cwd=TMP, environ=ENVIRON)
    first = GUARD._process
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    programs.run(["true"], what="x", cwd=TMP, environ=ENVIRON)
    assert GUARD._process != first
    assert alive(GUARD._process)
