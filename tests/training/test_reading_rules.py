"""How a network's output is read belongs to the release."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.inference.manifest import NmsSpec
from training.reading_rules import RULES, ReadingRules
from training.released import released_manifest

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize("name", ["street", "covers", "aerial"])
def test_a_release_says_the_rules_under_which_its_thresholds_were_chosen(name: str):
    assert ReadingRules.of(released_manifest(MODELS / name)) == RULES.get(name, ReadingRules())


def test_rules_are_read_for_the_classes_of_a_network():
    classes = ("person", "parasol", "cart", "ground_goods", "stall")
    reading = RULES["street"].reading(NmsSpec(), classes)
    assert reading.mirrored is not None
    assert sorted(classes[number] for number in reading.mirrored.class_ids) == sorted(
        {"stall", "cart", "ground_goods", "parasol"}
    )
    assert reading.standing is None
    assert ReadingRules().reading(NmsSpec(), classes).mirrored is None
