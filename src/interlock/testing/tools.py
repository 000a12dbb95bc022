"""Where the programs lie that demo, tests and benchmarks run for real. Standard library only: `script/tools` imports it before any venv.

Each program of PROGRAMS has a folder under `tools/` with its own go.mod and go.sum. Its cache folder is
`interlock-tools/NAME-VERSION-HASH`, HASH taken over go.mod, go.sum, the Go sources, how it is built, and the platform.
go.mod's `go` line names the Go release, so finding a built program needs no Go. A folder lands there by one rename when it is
whole: a binary that exists is a binary that is complete.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
MIRROR = Path("mirror")
OLDEST_ON_PATH = (1, 8)
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ToolsMissing(LookupError):
    """A program is not built yet; the message names it and the command that builds it."""


def go_platform() -> str:
    """This machine as Go writes it, `linux_amd64` or `darwin_arm64`: a directory name in a provider mirror."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_ARCHITECTURES.get(machine, machine)}"


@dataclass(frozen=True)
class Program:
    """A Go program: `source` is its folder under tools/, `package` what go builds there, `binary` its place in the cache folder."""

    name: str
    version: str
    source: str
    package: str
    ldflags: str
    binary: Path
    prints: str  # what `BINARY version` starts with: a built program is run once before it is believed
    takes: str  # a first build on two cores, for the one who waits


PROGRAMS = (
    Program(
        name="opentofu",
        version="1.12.6",
        source="opentofu",
        package="github.com/opentofu/opentofu/cmd/tofu",
        # `dev=no` is what OpenTofu's own release build sets; without it the version reads 1.12.6-dev.
        ldflags="-s -w -X github.com/opentofu/opentofu/version.dev=no",
        binary=Path("bin/tofu"),
        prints="OpenTofu v1.12.6\n",
        takes="about 4 minutes",
    ),
    Program(
        name="lab-provider",
        version="0.1.0",
        source="lab-provider",
        package=".",
        ldflags="-s -w",
        binary=MIRROR / f"registry.opentofu.org/interlock/lab/0.1.0/{go_platform()}/terraform-provider-lab_v0.1.0",
        prints="terraform-provider-lab 0.1.0\n",
        takes="about 30 seconds",
    ),
)


@dataclass(frozen=True)
class Tools:
    """`tofu`: a tofu (or, in the demo, terraform) executable. `provider_mirror`: a filesystem mirror that has interlock/lab."""

    tofu: Path
    provider_mirror: Path


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "interlock-tools"


def folder_of(program: Program) -> Path:
    """The cache folder of `program` as its sources are now, built or not. Raises ToolsMissing without the sources."""
    source = REPOSITORY / "tools" / program.source
    files = [source / "go.mod", source / "go.sum", *sorted(source.rglob("*.go"))]
    digest = hashlib.sha256(f"{program.package}\0{program.ldflags}\0{program.binary}\0{go_platform()}".encode())
    for file in files:
        if file.name.endswith("_test.go"):
            continue
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ToolsMissing(
                f"{program.name}: no {file}; the programs are built from a checkout of the repository"
            ) from error
        digest.update(f"\0{file.relative_to(source).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return cache_root() / f"{program.name}-{program.version}-{digest.hexdigest()[:12]}"


def built(program: Program) -> Path | None:
    """The program's executable, or None when it is not built."""
    path = folder_of(program) / program.binary
    return path if os.access(path, os.X_OK) else None


def on_path() -> Path | None:
    """A `tofu`, else a `terraform`, on PATH that is new enough for the demo and says so itself."""
    for name in ("tofu", "terraform"):
        found = shutil.which(name)
        if found and _version(Path(found)) >= OLDEST_ON_PATH:
            return Path(found)
    return None


def find_tools(*, allow_path: bool = False) -> Tools:
    """The built programs; with `allow_path` a tofu or terraform on PATH stands in for a missing OpenTofu. Raises ToolsMissing."""
    opentofu, provider = PROGRAMS
    tofu = built(opentofu) or (on_path() if allow_path else None)
    missing = [name for name, path in (("opentofu", tofu), ("lab-provider", built(provider))) if path is None]
    if missing or tofu is None:
        raise ToolsMissing(f"not built yet: {', '.join(missing)}; run script/tools (looked in {cache_root()})")
    return Tools(tofu=tofu, provider_mirror=folder_of(provider) / MIRROR)


def cli_config(tools: Tools, folder: Path) -> Path:
    """Writes `folder`/lab.tfrc, which makes tofu and terraform install providers from the mirror alone; set TF_CLI_CONFIG_FILE to it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lab.tfrc"
    mirror = json.dumps(str(tools.provider_mirror))
    path.write_text(
        f"provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n", encoding="utf-8"
    )
    return path


def quiet() -> dict[str, str]:
    """Our environment without what makes tofu and terraform warn, log or call home."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TF_")} | {
        "CHECKPOINT_DISABLE": "1"
    }


def _version(executable: Path) -> tuple[int, ...]:
    """What the program says of itself; (0,) when it says nothing usable, so that it is never taken."""
    try:
        done = subprocess.run(
            [executable, "version", "-json"], capture_output=True, timeout=30, check=True, env=quiet()
        )
        return tuple(int(part) for part in json.loads(done.stdout)["terraform_version"].split("-")[0].split("."))
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError, AttributeError):
        return (0,)
