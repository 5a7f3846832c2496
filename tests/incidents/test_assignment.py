"""One-to-one assignment against trying everything."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.incidents.assignment import assign

COST = st.one_of(st.none(), st.integers(0, 20).map(float))


@st.composite
def matrices(draw):
    columns = draw(st.integers(0, 4))
    rows = draw(st.integers(0, 4))
    return [[draw(COST) for _ in range(columns)] for _ in range(rows)]


def best(costs):
    rows, columns = len(costs), len(costs[0]) if costs else 0
    found = []
    for order in permutations(range(columns + rows), rows):
        pairs = [costs[r][c] for r, c in enumerate(order) if c < columns]
        pairs = [cost for cost in pairs if cost is not None]
        found.append((-len(pairs), sum(pairs)))
    return min(found, default=(0, 0))


@settings(max_examples=80, deadline=None)
@given(matrices())
def test_as_many_pairs_as_possible_and_then_the_cheapest(costs):
    chosen = assign(costs)
    taken = [c for c in chosen if c is not None]
    assert len(chosen) == len(costs)
    assert len(set(taken)) == len(taken)
    pairs = [costs[r][c] for r, c in enumerate(chosen) if c is not None]
    assert None not in pairs
    assert (-len(pairs), sum(pairs)) == best(costs)
