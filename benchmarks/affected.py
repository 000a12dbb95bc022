"""How long `affected` takes for 1,500 stacks, against `git diff-tree` of the same two commits, which nothing can beat.

Three runs each in processes of their own: cold (nothing kept), warm (parsed files kept on disk), hot (the second question in one process). Each
includes reading Git's trees and the configuration's pairs being there; loading the configuration is timed apart.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STACKS = int(os.environ.get("STACKS", "1500"))
RUNS = int(os.environ.get("RUNS", "5"))


def git(root: Path, *arguments: str, stdin: bytes | None = None) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.email=ann@acme.example", "-c", "user.name=Ann", *arguments]
    return (
        subprocess.run(command, cwd=root, env=environ, check=True, capture_output=True, input=stdin)
        .stdout.decode()
        .strip()
    )


def lay(root: Path) -> tuple[str, str]:
    """The repository: each stack calls 2 of 40 modules, which call 1 of 10 deeper ones, and reads a shared file. Returns base and head."""
    git(root, "init", "-q", "-b", "main")
    files = {
        "organization.yaml": "organization: {name: acme}\nenvironments:\n  staging: {zone: staging}\n  production: {after: staging}\n",
        "interlock.yaml": "discover:\n  stacks/*:\n    kind: opentofu\n    var_files: ['${environment.name}.tfvars']\n",
    }
    for number in range(10):
        files[f"modules/deep-{number}/main.tf"] = (
            f'variable "x" {{}}\nresource "lab_item" "d" {{\n  name = "{number}-${{var.x}}"\n}}\n'
        )
    for number in range(40):
        files[f"modules/m-{number}/main.tf"] = (
            f'variable "x" {{}}\nmodule "deep" {{\n  source = "../deep-{number % 10}"\n  x = var.x\n}}\n'
            f'output "id" {{ value = module.deep }}\n'
        )
    for number in range(STACKS):
        stack = f"stacks/s{number:04}"
        files[f"{stack}/main.tf"] = (
            f'module "a" {{\n  source = "../../modules/m-{number % 40}"\n  x = {number}\n}}\n'
            f'module "b" {{\n  source = "../../modules/m-{number * 7 % 40}"\n  x = {number}\n}}\n'
            f'resource "lab_item" "i" {{\n  name = "{number}"\n  text = file("${{path.module}}/../../shared/{number % 20}.txt")\n}}\n'
        )
        files[f"{stack}/variables.tf"] = f'variable "size" {{\n  default = {number}\n}}\n'
        files[f"{stack}/outputs.tf"] = 'output "id" { value = lab_item.i.id }\n'
        files[f"{stack}/staging.tfvars"] = "size = 1\n"
        files[f"{stack}/production.tfvars"] = "size = 2\n"
    files |= {f"shared/{number}.txt": str(number) for number in range(20)}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    for path in ("stacks/s0007/main.tf", "modules/deep-3/main.tf", "shared/5.txt", "stacks/s0011/staging.tfvars"):
        (root / path).write_text((root / path).read_text() + "# changed\n")
    git(root, "commit", "-q", "-a", "-m", "head")
    return git(root, "rev-parse", "HEAD~"), git(root, "rev-parse", "HEAD")


def measure(root: Path, base: str, head: str, cache: Path | None) -> None:
    """In a process of its own: prints seconds of loading, of the first and of the second answer, and how many are affected."""
    from interlock.config.affected import AffectedRequest, affected
    from interlock.config.difference import Configured
    from interlock.config.load import load
    from interlock.kinds.opentofu.kind import OpenTofuKind
    from interlock.kinds.opentofu.reader import READER
    from interlock.model.affected import Released
    from interlock.world.git import Repository
    from interlock.world.tree import Tree

    READER.keep_in(cache)
    kinds = {"opentofu": OpenTofuKind()}
    repository = Repository.open(root)

    def configured(tree: Tree) -> Configured:
        found = load(tree, kinds)
        return Configured(
            {(p.environment, p.component): p for p in found.pairs},
            {e.name: e for e in found.environments},
            found.secrets,
        )

    start = time.perf_counter()
    tree = repository.tree(head)
    now = configured(tree)
    times = [time.perf_counter() - start]
    released = {key: Released(base, pair, "d-1") for key, pair in now.pairs.items()}
    report = None
    for _ in range(2):
        start = time.perf_counter()
        report = affected(
            AffectedRequest(
                repository.tree(head),
                now,
                kinds,
                released,
                repository.tree,
                configured,
                changed=lambda old, new: [c.path for c in repository.changed(old, new)],  # type: ignore[arg-type]
                configuration_files=frozenset({"organization.yaml", "interlock.yaml"}),
            )
        )
        times.append(time.perf_counter() - start)
    READER.save()
    assert report is not None
    print(json.dumps([*times, len(report.pairs)]))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "repository", Path(folder) / "cache"
        root.mkdir()
        base, head = lay(root)
        diffs = []
        for _ in range(RUNS):
            start = time.perf_counter()
            git(root, "diff-tree", "-r", base, head)
            diffs.append(time.perf_counter() - start)
        git_time = statistics.median(diffs)
        print(
            f"{STACKS} stacks, 2 environments; git diff-tree {git_time * 1000:.0f} ms ({min(diffs) * 1000:.0f}–{max(diffs) * 1000:.0f})"
        )
        results: dict[str, list[float]] = {"load cold": [], "load warm": [], "cold": [], "warm": [], "hot": []}
        counts = set()
        for _ in range(RUNS):
            for name in ("cold", "warm"):
                command = [sys.executable, __file__, str(root), base, head, str(cache) if name == "warm" else ""]
                if name == "warm" and not cache.exists():
                    subprocess.run(command, check=True, capture_output=True)
                load, first, second, count = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                results[f"load {name}"].append(load)
                results[name].append(first)
                counts.add(count)
                if name == "warm":
                    results["hot"].append(second)
        print(f"affected: {sorted(counts)} of {2 * STACKS} pairs")
        for name, times in results.items():
            median = statistics.median(times)
            print(
                f"{name:<10} {median * 1000:6.0f} ms ({min(times) * 1000:.0f}–{max(times) * 1000:.0f})  {median / git_time:6.1f} × git diff-tree"
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]) if sys.argv[4] else None)
    else:
        main()
