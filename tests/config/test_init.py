"""What `interlock init` writes loads without a problem, whatever was found."""

import datetime
from dataclasses import dataclass

from config_kinds import KINDS
from config_trees import FilesTree
from hypothesis import given
from hypothesis import strategies as st

from interlock.config.init import environments_of, names_of, render
from interlock.config.load import Configuration, load


@dataclass(frozen=True)
class Found:
    path: str
    var_files: tuple[str, ...] = ()
    backend: str = ""


def loaded(*stacks: Found, organization: str = "Acme Corp") -> Configuration:
    files = {name: text.encode() for name, text in render(organization, stacks, "stack").items()}
    for stack in stacks:
        for name in ("outputs.txt", *stack.var_files):
            files[f"{stack.path}/{name}" if stack.path else name] = b""
    return load(FilesTree(files), KINDS, datetime.date(2026, 1, 1))


def test_environments_come_from_the_names_of_var_files() -> None:
    stacks = (Found("stacks/app", ("common.tfvars", "envs/prod/main.tfvars", "dev.tfvars", "app-staging.tfvars.json")),)
    assert environments_of(stacks) == (("dev", "development"), ("staging", "staging"), ("prod", "production"))
    found = loaded(*stacks)
    assert [(e.name, e.zone, e.after) for e in found.environments] == [
        ("dev", "development", ()),
        ("staging", "staging", ("dev",)),
        ("prod", "production", ("staging",)),
    ]
    assert found.pair("prod", "app").settings["var_files"] == ["envs/prod/main.tfvars"]
    assert found.pair("staging", "app").settings["var_files"] == ["app-staging.tfvars.json"]


def test_without_a_word_there_are_staging_and_production() -> None:
    found = loaded(Found("network", ("eu.tfvars",)))
    assert [pair.name for pair in found.pairs] == ["staging/network", "production/network"]
    assert found.organization.name == "acme-corp"


def test_no_stack_at_all() -> None:
    assert loaded().pairs == ()


def test_names_take_as_much_of_the_path_as_they_need() -> None:
    stacks = [Found("live/eu/app"), Found("live/us/app"), Found("live/us/Data_Base"), Found("")]
    assert names_of(stacks) == {
        "live/eu/app": "eu-app",
        "live/us/app": "us-app",
        "live/us/Data_Base": "data_base",
        "": "root",
    }


def test_a_backend_shared_by_environments_is_told_apart_by_workspaces() -> None:
    found = loaded(Found("app", backend="s3"))
    assert {pair.settings["workspace"] for pair in found.pairs} == {"staging", "production"}
    assert "s3" in render("a", [Found("app", backend="s3")])["interlock.yaml"]


_SEGMENT = st.text(st.sampled_from("abAB01-_. é"), min_size=1, max_size=4).filter(
    lambda s: s.strip(". ") == s and s.strip(".") != ""
)
_PATH = st.lists(_SEGMENT, min_size=1, max_size=3).map("/".join)


@given(st.lists(_PATH, unique=True, max_size=5), st.text(max_size=10))
def test_any_folders_give_files_that_load(paths: list[str], organization: str) -> None:
    paths = [p for p in paths if not any(other != p and other.startswith(p + "/outputs.txt") for other in paths)]
    found = loaded(*(Found(path, ("prod.tfvars",)) for path in paths), organization=organization)
    assert len(found.components) == len(paths)
