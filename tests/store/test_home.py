import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.errors import Corrupt, Permanent, UsageError
from interlock.store.home import Home, path_part

ROOT = "0123456789abcdef0123456789abcdef01234567"


def test_the_default_place_is_named_by_organization_and_root_commit(tmp_path):
    home = Home.locate("acme", ROOT, {"HOME": str(tmp_path)})
    assert home.root == tmp_path / ".local/share/interlock/acme-0123456789ab"
    assert home.key_file == tmp_path / ".config/interlock/keys/acme-0123456789ab"
    assert not home.root.exists()


def test_xdg_folders_count_when_they_are_absolute(tmp_path):
    environ = {"HOME": "/nobody", "XDG_DATA_HOME": str(tmp_path / "d"), "XDG_CONFIG_HOME": "relative"}
    home = Home.locate("acme", ROOT, environ)
    assert home.root == tmp_path / "d/interlock/acme-0123456789ab"
    assert str(home.keys) == "/nobody/.config/interlock/keys"


def test_folders_are_ours_alone(tmp_path):
    home = Home.locate("acme", ROOT, {"HOME": str(tmp_path)}).prepare().prepare()
    for folder in (home.root, home.blobs, home.root.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_open_home_is_refused(tmp_path):
    home = Home.locate("acme", ROOT, {"INTERLOCK_HOME": str(tmp_path / "h"), "HOME": "/x"})
    home.root.mkdir(mode=0o755)
    with pytest.raises(Permanent) as caught:
        home.prepare()
    assert caught.value.slug == "home-mode"


@pytest.mark.parametrize("inside", ["", "data", ".git/interlock"])
def test_a_home_inside_the_working_tree_is_refused(tmp_path, inside):
    tree = tmp_path / "repository"
    (tree / ".git").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(tree)
    for start in (tree, link):
        with pytest.raises(UsageError) as caught:
            Home.locate("acme", ROOT, {"INTERLOCK_HOME": str(start / inside), "HOME": "/x"}, working_tree=tree)
        assert caught.value.slug == "home-in-working-tree"


def test_a_relative_home_is_refused():
    with pytest.raises(UsageError):
        Home.locate("acme", ROOT, {"INTERLOCK_HOME": "data", "HOME": "/x"})


def test_a_home_of_another_organization_or_repository_is_refused(tmp_path):
    environ = {"INTERLOCK_HOME": str(tmp_path / "h"), "HOME": "/x"}
    Home.locate("acme", ROOT, environ).prepare()
    for organization, root in (("other", ROOT), ("acme", "f" * 40), ("acm", "")):
        with pytest.raises(UsageError) as caught:
            Home.locate(organization, root, environ)
        assert caught.value.slug == "home-of-another"


def test_a_shallow_clone_uses_the_home_that_is_there(tmp_path):
    environ = {"INTERLOCK_HOME": str(tmp_path / "h"), "HOME": "/x"}
    full = Home.locate("acme", ROOT, environ).prepare()
    assert Home.locate("acme", "", environ).identity == full.identity == "acme-0123456789ab"


def test_a_damaged_marker_is_told(tmp_path):
    environ = {"INTERLOCK_HOME": str(tmp_path), "HOME": "/x"}
    (tmp_path / "home.json").write_text("{")
    with pytest.raises(Corrupt):
        Home.locate("acme", ROOT, environ)


def test_paths_are_below_the_home(home):
    for path in (home.work("../..", "/etc"), home.log("d-1", ".", "a/../b"), home.engine_file("../x")):
        assert path.resolve().is_relative_to(home.root.resolve())
        assert ".." not in path.parts


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_two_names_share_a_path_part(first, second):
    a, b = path_part(first), path_part(second)
    assert (a.casefold() == b.casefold()) == (first == second)
    assert 0 < len(a) <= 120
    assert "/" not in a
    assert a[0] != "."
    assert a.isascii()
