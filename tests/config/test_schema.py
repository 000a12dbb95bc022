"""The editors' schema: valid by its own dialect, never stricter than `load`, and strict about what it can know. The reference comes from it."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from config_cases import BASE_FILES, HERE, tree_of
from config_kinds import KINDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from test_hostile import VALID, VALUES, paths_of, replaced

from interlock.config import reference
from interlock.config.load import load
from interlock.config.schema import schemas
from interlock.config.yaml import read
from interlock.model.errors import ConfigurationError

SCHEMAS = schemas(KINDS)
EXAMPLES = sorted((HERE / "schema").glob("*.yaml"))


def mistakes(name: str, value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMAS[name]).iter_errors(value)]


def plain(data: bytes) -> Any:
    placed, problems = read("f.yaml", data)
    assert placed is not None, problems
    return placed[0]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_valid_files_fit(name: str) -> None:
    assert mistakes(name, plain(BASE_FILES[name])) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_of_every_key_fit(path: Path) -> None:
    assert mistakes(path.name, plain(path.read_bytes())) == []


@pytest.mark.parametrize(
    "case",
    [
        "unknown-top-key",
        "unknown-environment-key",
        "organization-missing",
        "zone-unknown",
        "approval-count-text",
        "soak-number",
        "soak-unit",
        "secret-value",
        "component-key-unknown",
        "component-kind-unknown",
        "override-key-unknown",
        "check-unknown-type",
        "check-within-bare",
        "check-http-no-url",
        "defaults-unknown",
        "top-key-unknown",
        "environments-of-component-empty",
    ],
)
def test_what_an_editor_can_know_is_a_mistake(case: str) -> None:
    (path,) = (HERE / "malformed").glob(f"???-{case}.yaml")
    files = pyyaml.safe_load(path.read_text())["files"]
    assert any(mistakes(name, plain(text.encode())) for name, text in files.items())


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_the_schema_refuses_load_refuses(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(VALID)))
    path = data.draw(st.sampled_from(paths_of(VALID[name])))
    text = pyyaml.safe_dump(replaced(VALID[name], path, data.draw(VALUES)))
    placed, problems = read(name, text.encode())
    if placed is None or problems or not mistakes(name, placed[0]):
        return
    with pytest.raises(ConfigurationError):
        load(tree_of({"files": {name: text}}), KINDS, datetime.date(2026, 1, 1))


def test_every_key_has_a_description_and_a_type() -> None:
    rows = reference.rows(KINDS)
    assert {row.key for row in rows} >= {
        "organization.name",
        "environments.NAME.approval.self_approve",
        "secrets.NAME.command",
        "components.NAME.checks[].http.within",
        "components.NAME.ignore[].until",
        "components.NAME.var_files",
        "discover",
    }
    for row in rows:
        assert len(row.description) > 5, f"{row.key} has no description"
        assert row.description.endswith("."), row
        assert row.type, row.key
    assert len({(row.file, row.key, row.kind) for row in rows}) == len(rows)


def test_the_real_kinds_describe_their_keys_too() -> None:
    from interlock.kinds.command.kind import CommandKind
    from interlock.kinds.opentofu.kind import OpenTofuKind

    kinds = {"command": CommandKind(), "opentofu": OpenTofuKind()}
    assert all(row.description for row in reference.rows(kinds))  # type: ignore[arg-type]
    for schema in schemas(kinds).values():  # type: ignore[arg-type]
        Draft202012Validator.check_schema(schema)
