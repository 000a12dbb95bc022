"""Which references have no value yet."""

from typing import Any

import pytest

from interlock.model.deferring import Dependency, waits_for

from .build import changes, plan
from .cases import each


def dependency(given: dict[str, Any]) -> Dependency:
    made = None
    if "plan" in given:
        made = plan(changes(given["plan"].get("changes", [])), given["plan"].get("outputs"))
    return Dependency(given["released"], given["changing"], made)


@each("deferring", "cases")
def test_waits_for(case: dict[str, Any]) -> None:
    known = {name: dependency(given) for name, given in case["dependencies"].items()}
    assert list(waits_for(case["variables"], known.__getitem__)) == case["waits"]


def test_a_component_that_nobody_knows_is_no_answer() -> None:
    with pytest.raises(KeyError):
        waits_for({"a": "${components.gone.outputs.id}"}, {}.__getitem__)
