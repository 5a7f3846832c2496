"""A source's own sentences in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import detector.sources
from detector.sources.state_text import _PHRASES, state_zh

SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(detector.sources.__path__[0]).glob("*.py")
    if path.name != "state_text.py"
)
GATE = "10.20.0.7"


@pytest.mark.parametrize(
    "said",
    [
        "opening",
        "asking for the first picture",
        f"{GATE}: timed out, the address does not answer",
        f"{GATE}: connection refused, nothing listens on port 554",
        f"{GATE}: wrong user name or password",
        f"{GATE}: nothing of it can be decoded",
        f"{GATE}: nothing comes any more",
        f"{GATE}: answered 503 without a picture",
        f"{GATE}: answered 404",
        "99 % of the picture is no brighter than level 12",
        "97% of the picture is white",
        "the picture is one even tone, nothing can be made out",
        "the picture has not changed for 61 s",
        "edges are 9.1 px wide at 640 px",
        "the view differs from its reference for 300 s",
    ],
)
def test_what_a_camera_says_is_told_in_chinese(said: str):
    told = state_zh(said)
    assert re.findall("[A-Za-z]{2,}", told) == [], told
    assert told.startswith(GATE) == said.startswith(GATE)


def test_what_a_library_says_stays_as_it_is():
    assert state_zh("x: cannot be opened: Protocol not found") == "x: 无法打开: Protocol not found"


def test_no_phrase_is_of_a_sentence_that_nobody_says():
    for pattern, _ in _PHRASES:
        plain = re.sub(r"\(\?:of it \)\?|[\^$]", "", pattern.pattern)
        longest = max(re.split(r"\([^)]*\)|%", plain), key=len).strip()
        assert longest in SOURCES, longest
