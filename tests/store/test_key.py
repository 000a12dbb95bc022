import base64
import secrets
import subprocess
import sys

import pytest

from interlock.model.errors import ConfigurationError, Corrupt, Permanent
from interlock.store.home import Home
from interlock.store.key import load_key

RAW = bytes(range(200, 232))
BOTH = base64.b64encode(b"\xfb\xff\xfe" * 11)


def same(first, second):
    return first.digest("x", 1) == second.digest("x", 1)


def test_a_key_is_made_once_and_found_again(home):
    first = load_key(home, {})
    assert home.key_file.stat().st_mode & 0o777 == 0o600
    assert same(first, load_key(home, {}))


@pytest.mark.parametrize(
    "text",
    [RAW.hex(), base64.b64encode(RAW).decode(), base64.urlsafe_b64encode(RAW).decode().rstrip("="), f" {RAW.hex()}\n"],
)
def test_the_environment_may_bring_it(home, text):
    from interlock.model.digest import Keyed

    assert same(load_key(home, {"INTERLOCK_KEY": text}), Keyed(RAW))
    assert not home.key_file.exists()


@pytest.mark.parametrize(
    "text", ["short", RAW[:31].hex(), base64.b64encode(RAW[:31]).decode(), "é" * 64, "not/base64!" * 8]
)
def test_a_malformed_one_is_refused_without_showing_it(home, text):
    with pytest.raises(ConfigurationError) as caught:
        load_key(home, {"INTERLOCK_KEY": text})
    assert text not in str(caught.value) + str(caught.value.hint)
    assert not home.key_fingerprint.exists()


def test_a_file_that_others_can_read_is_refused(home):
    load_key(home, {})
    home.key_file.chmod(0o640)
    with pytest.raises(Permanent) as caught:
        load_key(home, {})
    assert caught.value.slug == "key-mode"


def test_a_home_with_data_gets_no_new_key(home):
    load_key(home, {})
    home.key_file.unlink()
    with pytest.raises(Permanent) as caught:
        load_key(home, {})
    assert caught.value.slug == "key-vanished"
    assert not home.key_file.exists()


def test_a_database_alone_counts_as_data(home):
    home.database.touch()
    with pytest.raises(Permanent):
        load_key(home, {})


def test_another_key_is_refused(home):
    load_key(home, {})
    with pytest.raises(Corrupt) as caught:
        load_key(home, {"INTERLOCK_KEY": secrets.token_bytes(32).hex()})
    assert caught.value.slug == "key-of-another"


def test_processes_at_once_agree(tmp_path):
    code = """
import sys
from pathlib import Path
from interlock.store.home import Home
from interlock.store.key import load_key
home = Home(Path(sys.argv[1]), "acme", Path(sys.argv[1]) / "keys").prepare()
sys.stdin.readline()
print(load_key(home, {}).digest("x", 1))
"""
    for turn in range(3):
        root = tmp_path / str(turn)
        argv = [sys.executable, "-c", code, str(root)]
        processes = [
            subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(5)
        ]
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = {process.communicate(timeout=60) for process in processes}
        assert len(answers) == 1, answers
        assert len(answers.pop()[0]) == 65
        home = Home(root, "acme", root / "keys")
        assert [p.name for p in home.keys.iterdir()] == ["acme"]
