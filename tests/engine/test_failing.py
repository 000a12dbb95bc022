"""Errors where nobody expects them become a verdict: a deployment that cannot end would hold its environment for ever."""

from pathlib import Path

from engine.yard import Yard


def test_inputs_that_cannot_be_resolved_while_a_step_waits_for_its_turn(place: Path) -> None:
    """`b` is in only because `a` is, and asks for an output that `a` stops to publish."""
    yard = Yard(place / "yard")
    uses = 'depends_on: [a], variables: {size: "${components.a.outputs.size}"}'
    yard.commit({"a": "variables: {size: 1}", "b": uses})
    assert yard.state(yard.deploy()) == "verified"
    yard.commit({"a": "variables: {other: 1}", "b": uses})
    deployment = yard.deploy()
    assert yard.steps(deployment)["dev/b"] == "failed"
    assert yard.state(deployment) == "rolled_back"
    assert yard.sizes() == {"dev/a": 1, "dev/b": 1}
