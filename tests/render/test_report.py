"""A whole report in every form: as expected texts, and by rules that hold whatever is in it.

The expected texts are written anew by `python -m render.rewrite` in `tests/`; read the difference before you commit it.
"""

import dataclasses
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from interlock.model.change import Action, Change, Note, OutputChange, Undo, masked, unknown
from interlock.model.plan import Planned, Tool
from interlock.model.report import LeftOut, PlanEntry, PlanReport
from interlock.render.line import cells
from interlock.render.markdown import plan_markdown
from interlock.render.plan_json import plan_json
from interlock.render.plan_terminal import plan_terminal
from interlock.render.view import Status, plan_view

from .sample import BLOB, COMMIT, REPORT, plan

CASES = Path(__file__).parent / "cases" / "report"
SECRET = "5ec" * 21 + "0"

#: What somebody could put into a resource's name or a tool's message.
NASTY = [
    "", "web", "a b", "`", "``` \n```", "````", "|", "a|b", "<script>alert(1)</script>", "</details>", "<!--", "@acme/team", "#12", "!34",
    "[x](http://evil.example)", "![x](http://evil.example/p.png)", "\n## heading\n", "\r\n", "\x1b[2J\x1b]0;title\x07", "\u202egnp.exe", "東京", "😀" * 9,
    "x" * 500, "https://evil.example", "&lt;", "\\", "\x00", "*bold*", "_it_", "~~no~~", "    code", "\ud800", "- [ ] task", "\u2028",
]  # fmt: skip
texts = st.sampled_from(NASTY) | st.text(max_size=12)
leaves = st.none() | st.booleans() | st.integers() | texts | st.just(unknown()) | st.just(masked(SECRET))
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)
changes = st.builds(
    Change,
    texts,
    st.sampled_from(Action),
    before=st.none() | st.dictionaries(texts, values, max_size=4),
    after=st.none() | st.dictionaries(texts, values, max_size=4),
    replace_paths=st.just(()) | st.just((("zone",), ("a", 0))),
    previous_address=st.none() | texts,
    importing=st.none() | texts,
    deposed=st.none() | texts,
    reason=texts,
    undo=st.sampled_from(Undo),
    undo_reason=texts,
)
outputs = st.builds(OutputChange, texts, st.sampled_from(Action), values, values, st.booleans())
notes = st.builds(Note, texts, texts, texts, st.sampled_from(["information", "warning"]))
names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@st.composite
def reports(draw: st.DrawFn) -> PlanReport:
    pairs = draw(st.lists(st.tuples(st.sampled_from(["staging", "production"]), names), max_size=5, unique=True))
    entries = []
    for environment, component in sorted(pairs):
        what = draw(st.sampled_from(["plan", "deferred", "error", "nothing"]))
        entry = PlanEntry(component, environment, "opentofu", tuple(draw(st.lists(texts, max_size=2))), seconds=1.0)
        if what == "plan":
            planned = Planned(
                tuple(draw(st.lists(changes, max_size=4))), {}, Tool("tofu", "1"), BLOB,
                tuple(draw(st.lists(outputs, max_size=2))), tuple(draw(st.lists(changes, max_size=1))), tuple(draw(st.lists(notes, max_size=2))),
            )  # fmt: skip
            made = dataclasses.replace(plan(component, environment, []), planned=planned)
            entry = dataclasses.replace(entry, plan=made, blocked=tuple(draw(st.lists(texts, max_size=1))))
        elif what == "deferred":
            entry = dataclasses.replace(entry, deferred=(draw(texts) or "x",))
        elif what == "error":
            entry = dataclasses.replace(entry, error=draw(texts) or "x", error_hint=draw(texts))
        entries.append(entry)
    left = tuple(
        LeftOut(component, "staging", reason)
        for component, reason in draw(st.lists(st.tuples(names, texts), max_size=3))
    )
    return PlanReport(draw(st.just(COMMIT) | texts), draw(texts), draw(st.booleans()), tuple(entries), left)


slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def shown(name: str) -> str:
    forms = {
        "terminal-80.txt": lambda: plan_terminal(REPORT, width=80),
        "terminal-140.txt": lambda: plan_terminal(REPORT, width=140),
        "terminal-ascii-80.txt": lambda: plan_terminal(REPORT, width=80, unicode=False),
        "terminal-colour-80.txt": lambda: plan_terminal(REPORT, width=80, color=True).replace("\x1b", "\\e"),
        "whole.md": lambda: plan_markdown(REPORT),
        "folded.md": lambda: plan_markdown(REPORT, 4500),
        "plan.json": lambda: json.dumps(plan_json(REPORT), indent=2, ensure_ascii=False) + "\n",
    }
    return forms[name]()


FORMS = [
    "terminal-80.txt",
    "terminal-140.txt",
    "terminal-ascii-80.txt",
    "terminal-colour-80.txt",
    "whole.md",
    "folded.md",
    "plan.json",
]


@pytest.mark.parametrize("name", FORMS)
def test_as_expected(name: str) -> None:
    assert shown(name) == (CASES / name).read_text(encoding="utf-8")


@slow
@given(reports(), st.integers(40, 160), st.booleans(), st.booleans())
def test_a_terminal_gets_nothing_but_text_and_our_colours(
    report: PlanReport, width: int, color: bool, unicode: bool
) -> None:
    text = plan_terminal(report, width=width, color=color, unicode=unicode)
    assert SECRET not in text
    text = re.sub(r"\x1b\[[0-9;]+m", "", text) if color else text
    strange = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not strange
    if not unicode:
        assert text.isascii()


@slow
@given(reports(), st.integers(1000, 12_000))
def test_markdown_keeps_its_limit_and_its_form(report: PlanReport, limit: int) -> None:
    text = plan_markdown(report, limit)
    assert len(text.encode()) <= limit
    assert SECRET not in text
    check_markup(text)


@slow
@given(reports())
def test_json_is_json_and_says_as_much_as_there_is(report: PlanReport) -> None:
    document = plan_json(report)
    json.dumps(document)
    assert [(s["environment"], s["component"]) for s in document["steps"]] == [
        (e.environment, e.component) for e in report.entries
    ]
    for step, entry in zip(document["steps"], report.entries, strict=True):
        assert (step["error"] is None) == (entry.plan is not None or bool(entry.deferred and not entry.error))


#: The only HTML that we write ourselves.
OURS = re.compile(r"</?(details|summary)( open)?>")


def check_markup(text: str) -> None:
    """No HTML but ours, no link, no image; every <details> is closed; no mention outside of code."""
    opened = 0
    for token in MarkdownIt("js-default", {"html": True}).parse(text):
        kinds = [token, *(token.children or [])]
        for part in kinds:
            assert part.type not in ("link_open", "image"), part
            if part.type in ("html_block", "html_inline"):
                tags = re.findall(r"<[^>]*>", part.content)
                assert all(OURS.fullmatch(tag) for tag in tags), part.content
                opened += part.content.count("<details") - part.content.count("</details")
            if part.type in ("text", "html_block"):
                assert not re.search(r"[@#!](?=\w)", part.content), part.content
        if token.type == "heading_open":
            assert token.tag == "h3"
    assert opened == 0


def test_markdown_of_thousands_of_components_says_what_it_left_out() -> None:
    entries = []
    for index in range(3000):
        change = Change(
            "lab_item.x" * 3, Action.DELETE, before={"a": "b" * 200}, undo=Undo.IRREVERSIBLE, undo_reason="gone " * 20
        )
        entries.append(
            PlanEntry(
                f"component-{index}",
                "staging",
                "opentofu",
                ("own file",),
                plan(f"component-{index}", "staging", [change]),
            )
        )
    report = PlanReport(
        COMMIT, "", False, tuple(entries), tuple(LeftOut(f"c{i}", "staging", f"reason {i}") for i in range(500))
    )
    text = plan_markdown(report)
    assert len(text.encode()) <= 60_000
    assert "3000 to delete" in text
    assert re.search(r"… and \d+ more components", text)
    assert re.search(r"… and \d+ more changes", text)
    check_markup(text)


def test_one_huge_change_is_folded_to_its_headline() -> None:
    before = {f"key{i}": "x" * 2000 for i in range(60)}
    huge = Change("lab_item.huge", Action.UPDATE, before=before, after=dict.fromkeys(before, "y" * 2000))
    text_change = Change("lab_item.text", Action.UPDATE, before={"t": "a\n" * 9000}, after={"t": "b\n" * 9000})
    entries = tuple(
        PlanEntry(
            f"c{i}",
            "staging",
            "opentofu",
            ("own file",),
            plan(f"c{i}", "staging", [dataclasses.replace(huge, address=f"lab_item.h{i}"), text_change]),
        )
        for i in range(30)
    )
    text = plan_markdown(PlanReport(COMMIT, "", False, entries))
    assert len(text.encode()) <= 60_000
    assert "Folded to fit here" in text
    assert "lab_item.h29" in text
    check_markup(text)


def test_no_plan_no_error_and_no_reason_to_wait_is_a_failure() -> None:
    view = plan_view(PlanReport(COMMIT, "", False, (PlanEntry("a", "staging", "opentofu", ()),)))
    assert view.of(Status.FAILED) == 1
    assert "nothing says why" in plan_terminal(view.report)
    assert plan_json(view.report)["steps"][0]["status"] == "failed"


def test_different_secrets_are_not_told_as_the_same() -> None:
    def entry(environment: str, digest: str) -> PlanEntry:
        change = Change("x", Action.UPDATE, before={"p": masked("0" * 64)}, after={"p": masked(digest * 64)})
        return PlanEntry("app", environment, "opentofu", (), plan("app", environment, [change]))

    equal = plan_view(PlanReport(COMMIT, "", False, (entry("staging", "1"), entry("production", "1"))))
    assert [group.same_as for group in equal.groups] == ["", "staging/app"]
    other = plan_view(PlanReport(COMMIT, "", False, (entry("staging", "1"), entry("production", "2"))))
    assert [group.same_as for group in other.groups] == ["", ""]


def test_lines_keep_the_width() -> None:
    for width in (80, 100, 140):
        for text in plan_terminal(REPORT, width=width).splitlines():
            assert cells(text) <= width, text


def test_what_comes_next() -> None:
    entry = PlanEntry(
        "app", "staging", "opentofu", (), plan("app", "staging", [Change("x", Action.CREATE, after={"a": 1})])
    )
    empty = PlanEntry("app", "staging", "opentofu", (), plan("app", "staging", []))
    failed = dataclasses.replace(empty, plan=None, error="no")
    assert plan_view(PlanReport(COMMIT, "", False, (entry,))).next == ("interlock deploy --at 3f9c2ab1",)
    assert plan_view(PlanReport(COMMIT, "", False, (entry,)), next_command="interlock deploy app").next == (
        "interlock deploy app",
    )
    assert plan_view(PlanReport(COMMIT, "", True, (entry,))).next == (
        "commit what you changed, then: interlock deploy",
    )
    assert plan_view(PlanReport(COMMIT, "", False, (empty,))).next == ("nothing to deploy",)
    assert plan_view(PlanReport(COMMIT, "", False, (entry, failed))).next == ("mend staging/app, then: interlock plan",)
