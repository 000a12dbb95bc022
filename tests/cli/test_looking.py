"""Verbs that only look make nothing in a fresh clone, and take lost records for lost, not for none."""

import pytest

from .conftest import Desk

pytestmark = pytest.mark.slow  # each runs the real program several times

LOOKS = [
    (("status",), 0), (("history",), 0), (("logs",), 64), (("status", "d-1"), 64), (("show", "d-1"), 64), (("hold", "list"), 0),
    (("audit", "log"), 64), (("audit", "verify"), 64), (("affected",), 0), (("validate",), 0), (("doctor",), 0),
]  # fmt: skip


def test_a_fresh_clone_stays_fresh(desk: Desk) -> None:
    for arguments, code in LOOKS:
        desk.run(*arguments).expect(code)
    assert not desk.home.exists()
    assert not (desk.user / ".config").exists()


@pytest.mark.parametrize(
    "arguments", [("status",), ("history",), ("affected",), ("plan",), ("deploy",), ("hold", "list")], ids=" ".join
)
def test_a_lost_database_is_told(deployed: Desk, arguments: tuple[str, ...]) -> None:
    (deployed.home / "interlock.db").unlink()
    assert "restore the data folder" in deployed.run(*arguments).expect(4).err
    assert not (deployed.home / "interlock.db").exists()


def test_names_cannot_act_on_a_terminal(deployed: Desk) -> None:
    deployed.write("site/page.txt", "two")
    deployed.commit()
    deployed.run("deploy", "--as", "\x1b[31mred\x07@acme.example")
    for arguments in (("audit", "log"), ("status",), ("history",), ("doctor",)):
        assert not {"\x1b", "\x07"} & set(deployed.run(*arguments).expect(0).out)


def test_any_encoding_will_do(deployed: Desk) -> None:
    deployed.write("site/straße→.txt", "x")
    (deployed.root / b"site/no-text-\xff".decode("utf-8", "surrogateescape")).write_text("x")
    for encoding in ("ascii", "utf-8"):
        for arguments in (("audit", "log"), ("doctor",), ("affected", "--explain"), ("validate",)):
            deployed.run(*arguments, PYTHONIOENCODING=encoding).expect(0)
            if arguments != ("audit", "log"):
                assert deployed.run(arguments[0], "--json", PYTHONIOENCODING=encoding).expect(0).json
