"""The rules of a verdict, as laws."""

from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.checks.judge import Attempt, Judgement, judge
from interlock.model.check import Check

times = st.floats(min_value=0, max_value=100)
checks = st.builds(
    Check,
    type=st.just("tcp"),
    name=st.just("x"),
    within=times,
    successes=st.integers(-1, 5),
    failures=st.integers(-1, 5),
)
attempts = st.lists(st.builds(Attempt, ended=times, good=st.booleans()), max_size=12).map(
    lambda found: sorted(found, key=lambda a: a.ended)
)


def end(made: list[Attempt]) -> float:
    return made[-1].ended if made else 0.0


@given(checks, attempts)
def test_nothing_passes_without_enough_good_attempts_in_a_row_at_the_end(check: Check, made: list[Attempt]) -> None:
    if judge(check, made, end(made)) is Judgement.PASSED:
        needed = max(1, check.successes)
        assert len(made) >= needed
        assert all(a.good and a.ended <= check.within for a in made[-needed:])


@given(checks, attempts, times)
def test_it_ends_when_the_time_is_over(check: Check, made: list[Attempt], more: float) -> None:
    now = max(end(made), check.within) + more
    assert judge(check, made, now) is not Judgement.CONTINUE


@given(checks, attempts)
def test_enough_bad_ones_fail_at_once(check: Check, made: list[Attempt]) -> None:
    if check.failures > 0:
        bad = [*made, *[Attempt(end(made), False)] * check.failures]
        assert judge(check, bad, end(made)) is Judgement.FAILED


@given(checks, attempts)
def test_a_bad_last_attempt_never_passes(check: Check, made: list[Attempt]) -> None:
    assert judge(check, [*made, Attempt(end(made), False)], end(made)) is not Judgement.PASSED


@given(checks, attempts)
def test_a_good_answer_that_came_too_late_never_passes(check: Check, made: list[Attempt]) -> None:
    late = max(end(made), check.within) + 0.001
    assert judge(check, [*made, Attempt(late, True)], late) is Judgement.FAILED


@given(checks)
def test_no_attempts_never_pass(check: Check) -> None:
    assert judge(check, [], check.within) is Judgement.FAILED
    assert judge(check, [], 0.0) is not Judgement.PASSED


@given(checks, attempts)
def test_within_its_time_and_without_a_limit_a_bad_check_goes_on(check: Check, made: list[Attempt]) -> None:
    bad = [Attempt(a.ended, False) for a in made]
    if check.failures <= 0 and end(bad) < check.within:
        assert judge(check, bad, end(bad)) is Judgement.CONTINUE


def test_times_that_are_no_numbers_never_pass_and_never_go_on() -> None:
    nan = float("nan")
    assert judge(Check("tcp", "x"), [Attempt(nan, True)], nan) is Judgement.FAILED
    assert judge(Check("tcp", "x", within=nan), [Attempt(1.0, True)], 1.0) is Judgement.FAILED
