"""Artifacts as inputs: kept by which bytes they are, given as where they lie."""

import json
from pathlib import Path

from interlock.engine.artifacts import artifacts_in, with_paths
from interlock.model.digest import Keyed
from interlock.model.plan import Blob
from interlock.world.secret_values import SecretText, SecretValue, artifact, from_stored, join, reveal, to_stored
from interlock.world.secrets import SecretStore

APP = "components.build.artifacts.app"
ONE, TWO = artifact(APP, "1" * 64, 10), artifact(APP, "2" * 64, 10)
PATHS = {APP: Path("/work/app")}


def test_other_bytes_are_another_input_and_the_same_are_the_same() -> None:
    assert reveal({"x": ONE}) != reveal({"x": TWO})
    assert reveal({"x": ONE}) == reveal({"x": artifact(APP, "1" * 64, 10)})


def test_they_survive_being_stored() -> None:
    store = SecretStore({"TOKEN": {"env": "T"}}, {"T": "hidden-value"}, Keyed(b"k" * 32))
    token = store.resolve("TOKEN")
    inputs = {
        "whole": ONE,
        "list": [ONE, 1],
        "text": join(["file://", ONE]),
        "both": join([token, "@", ONE]),
        "plain": {"$artifact": {"x": 1}},
    }
    stored = json.loads(json.dumps(to_stored(inputs)))
    assert "hidden-value" not in json.dumps(stored)
    again = from_stored(stored, store)
    assert reveal(again) == reveal(inputs)
    assert artifacts_in(again) == {APP: Blob("1" * 64, 10)}
    given = with_paths(again, PATHS)
    assert given["whole"] == "/work/app"
    assert given["list"] == ["/work/app", 1]
    assert given["text"] == "file:///work/app"
    assert isinstance(given["both"], SecretText)
    assert given["both"].reveal() == "hidden-value@/work/app"
    assert given["plain"] == {"$artifact": {"x": 1}}


def test_what_a_user_writes_is_never_taken_for_one() -> None:
    assert (
        artifacts_in({"x": reveal(ONE), "y": {"$artifact": {"reference": APP, "digest": "1" * 64, "size": 10}}}) == {}
    )
    secret = SecretValue(5)
    assert with_paths({"x": secret, "y": None}, PATHS) == {"x": secret, "y": None}
