"""Real pairs of Seoul: what is labelled "colour only" opens nothing."""

from __future__ import annotations

from pathlib import Path

import acceptance
import pytest
from real_pairs import aligned_pairs

from detector.flights.change_network import ChangeNetwork

NAMED = (
    "2019_SMG_1LB_000105",
    "2019_SMG_1LB_000147",
    "2019_WSN_1LB_000036",
    "2019_WSN_1LB_000047",
    "2019_WSN_1LB_000060",
)


@pytest.mark.parametrize("name", NAMED)
def test_a_change_of_colour_alone_is_nothing_new(shared: Path, name):
    (pair,) = aligned_pairs(shared / "rooftop" / "seoul", (name,))
    painted = [outline for kind, outline in pair.labels if kind == "colour only"]
    assert painted
    for found in acceptance.real_new(pair, ChangeNetwork(acceptance.NETWORK, threads=1)):
        assert all(one.intersection(found).area <= 0.3 * found.area for one in painted)
