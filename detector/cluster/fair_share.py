"""How many cameras each node should look at."""

from __future__ import annotations

from collections.abc import Mapping


def fair_share(count: int, capacities: Mapping[str, float]) -> dict[str, int]:
    """`count` in proportion to the capacities, by largest remainder (Hamilton's method).

    The shares add up to `count`, unless nobody has any capacity; every node that reckons from the
    same rows finds the same.
    """
    total = sum(capacities.values())
    if total <= 0:
        return dict.fromkeys(capacities, 0)
    exact = {name: count * capacity / total for name, capacity in capacities.items()}
    shares = {name: int(value) for name, value in exact.items()}
    left = count - sum(shares.values())
    for name in sorted(exact, key=lambda each: (shares[each] - exact[each], each))[:left]:
        shares[name] += 1
    return shares
