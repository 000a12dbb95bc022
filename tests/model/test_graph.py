"""Order, cycles, closure and reverse; the properties on random graphs."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.graph import CycleError, closure, order, reverse

from .cases import each

Graph = dict[str, list[str]]
letters = list("abcdefgh")
graphs = st.dictionaries(st.sampled_from(letters), st.lists(st.sampled_from(letters), max_size=4))


@st.composite
def acyclic(draw: st.DrawFn) -> Graph:
    """Edges go only backwards in a random order of names."""
    names = draw(st.permutations(letters).map(lambda found: found[: draw(st.integers(0, len(letters)))]))
    return {name: draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else [] for i, name in enumerate(names)}


@each("graph", "order")
def test_order(case: dict[str, Any]) -> None:
    assert list(order(case["edges"])) == case["order"]


@each("graph", "cycles")
def test_cycles(case: dict[str, Any]) -> None:
    with pytest.raises(CycleError) as caught:
        order(case["edges"])
    assert list(caught.value.path) == case["path"]
    assert str(caught.value) == " → ".join(case["path"])


@each("graph", "closure")
def test_closure(case: dict[str, Any]) -> None:
    assert sorted(closure(case["edges"], case["start"])) == case["closure"]


@each("graph", "reverse")
def test_reverse(case: dict[str, Any]) -> None:
    assert {name: list(found) for name, found in reverse(case["edges"]).items()} == case["reverse"]


@given(acyclic())
def test_each_once_after_what_it_needs_and_never_later_than_it_may(edges: Graph) -> None:
    found = order(edges)
    assert sorted(found) == sorted(edges)
    for i, name in enumerate(found):
        ready = [other for other in found[i:] if set(edges[other]) <= set(found[:i])]
        assert name == min(ready)  # which says both: its needs are done, and no smaller name was ready


@given(acyclic(), st.randoms())
def test_the_order_of_writing_says_nothing(edges: Graph, random: Any) -> None:
    names = list(edges)
    random.shuffle(names)
    assert order({name: edges[name][::-1] for name in names}) == order(edges)


@given(graphs)
def test_ordered_or_a_real_cycle(edges: Graph) -> None:
    try:
        assert sorted(order(edges)) == sorted(edges)
    except CycleError as error:
        path = error.path
        assert path[0] == path[-1] == min(path)
        assert len(set(path)) == len(path) - 1
        assert all(after in edges[before] for before, after in pairwise(path))


@given(graphs, st.sets(st.sampled_from(letters)))
def test_a_closure_is_closed_and_no_larger_than_need_be(edges: Graph, start: set[str]) -> None:
    found = closure(edges, start)
    assert start <= found
    assert closure(edges, found) == found
    needed = {need for name in found for need in edges.get(name, ()) if need in edges}
    assert found <= start | needed


@given(graphs)
def test_reverse_holds_the_same_edges(edges: Graph) -> None:
    inside = {(name, need) for name in edges for need in edges[name] if need in edges}
    assert {(name, need) for need, found in reverse(edges).items() for name in found} == inside
    assert reverse(reverse(edges)) == {name: tuple(sorted({n for n in edges[name] if n in edges})) for name in edges}


@given(acyclic())
def test_undoing_goes_the_other_way(edges: Graph) -> None:
    """Every order of the reversed graph has dependents first."""
    found = order(reverse(edges))
    assert all(found.index(name) < found.index(need) for name in edges for need in edges[name])
