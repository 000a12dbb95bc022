"""A secret that a change drops is still there for what has to be taken back, or away, with it."""

from pathlib import Path

from engine.yard import ONE, Yard

SECRET = "secrets:\n  OLD: {env: OLD}\n"
USES = 'variables: {size: 1, token: "${secret:OLD}"}'


def test_a_component_that_is_removed_together_with_its_secret(place: Path) -> None:
    yard = Yard(place / "yard", environ={"OLD": "hidden-value"})
    yard.commit({"a": USES, "b": "variables: {size: 1}"}, more=SECRET)
    assert yard.state(yard.deploy()) == "verified"
    yard.commit({"b": "variables: {size: 1}"}, environments=ONE)
    deployment = yard.deploy()
    assert yard.state(deployment) == "verified", yard.failure(deployment)
    assert yard.sizes() == {"dev/b": 1}


def test_going_back_from_a_change_that_renamed_a_secret(place: Path) -> None:
    yard = Yard(place / "yard", environ={"OLD": "hidden-value", "NEW": "hidden-value"})
    yard.commit({"a": USES}, more=SECRET)
    assert yard.state(yard.deploy()) == "verified"
    fails = "checks: [{command: {run: ['false'], failures: 1}}]"
    yard.commit(
        {"a": f'variables: {{size: 2, token: "${{secret:NEW}}"}}, {fails}'}, more="secrets:\n  NEW: {env: NEW}\n"
    )
    deployment = yard.deploy()
    assert yard.state(deployment) == "rolled_back", yard.failure(deployment)
    assert yard.sizes() == {"dev/a": 1}
