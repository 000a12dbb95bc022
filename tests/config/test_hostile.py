"""Whatever is in the two files: `load` returns, or raises ConfigurationError with places. Never anything else."""

import datetime

import yaml as pyyaml
from config_cases import BASE_FILES, tree_of
from config_kinds import KINDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.config.checks import HttpCheck
from interlock.config.component import COMMON, ComponentsFile
from interlock.config.load import load
from interlock.config.organization import Environment, OrganizationFile
from interlock.model.errors import ConfigurationError

TODAY = datetime.date(2026, 1, 1)
VALID = {name: pyyaml.safe_load(BASE_FILES[name]) for name in ("organization.yaml", "interlock.yaml")}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 100)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "x", "app", "network", "staging", "production", "stack", "job", "60s", "../..", "stacks/app", "${commit}", "${",
         "${outputs.url}", "${components.network.outputs.id}", "${secret:OPS_WEBHOOK}", "https://a.example", "${environment.name}"]
    )
)  # fmt: skip
MODELS = (OrganizationFile, Environment, HttpCheck, ComponentsFile)
OTHERS = "path var_files workspace app network staging production http tcp command env file x-y"
KEYS = st.sampled_from(sorted(COMMON.union(OTHERS.split(), *(model.model_fields for model in MODELS))))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


def outcome(files: dict[str, str]) -> None:
    try:
        configuration = load(tree_of({"files": files}), KINDS, TODAY)
    except ConfigurationError as error:
        for problem in error.problems:
            assert problem.location.file
            assert problem.location.line >= 1, problem
            assert problem.message
    else:
        names = {(pair.environment, pair.component) for pair in configuration.pairs}
        assert len(names) == len(configuration.pairs)


def paths_of(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [path]
    if isinstance(value, dict):
        found += [p for key, item in value.items() for p in paths_of(item, (*path, key))]
    elif isinstance(value, list):
        found += [p for index, item in enumerate(value) for p in paths_of(item, (*path, index))]
    return found


def replaced(value: object, path: tuple[object, ...], new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    assert isinstance(value, list)
    return [replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_valid_file_with_one_value_replaced(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(VALID)))
    path = data.draw(st.sampled_from(paths_of(VALID[name])))
    changed = replaced(VALID[name], path, data.draw(VALUES))
    outcome({name: pyyaml.safe_dump(changed)})


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_valid_component_with_a_key_added(data: st.DataObject) -> None:
    entry = {"kind": "stack", "path": "stacks/app", data.draw(KEYS): data.draw(VALUES)}
    section = data.draw(st.sampled_from(["components", "defaults", "discover"]))
    content = {"components": {"app": entry}} if section == "components" else {
        section: entry if section == "defaults" else {"stacks/*": {k: v for k, v in entry.items() if k != "path"}},
        "components": {"app": {"kind": "stack"}},
    }  # fmt: skip
    outcome({"interlock.yaml": pyyaml.safe_dump(content)})


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_valid_file_with_bytes_changed(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(VALID)))
    text = BASE_FILES[name].decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    outcome({name: text[:start] + data.draw(st.text("ab:-[]{}&*!'\"# \n\t${}", max_size=4)) + text[end:]})
