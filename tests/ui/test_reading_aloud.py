"""The review page without a mouse, read aloud, and for eyes that tell few colours apart."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from api.auth import Role
from api.ui.page_routes import STATIC
from tests.auth.site import Site
from tests.ui.test_pages import showing

KEYS = ["C", "K", "B", *"123456789", "N", "Z", "S", "P", "G", "?"]


@pytest.mark.slow
def test_every_action_of_review_is_a_named_button_that_tells_its_key(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    buttons = page.locator(".actions button")
    keys = [buttons.nth(n).get_attribute("aria-keyshortcuts") for n in range(buttons.count())]
    assert keys == KEYS
    tree = page.locator("main").aria_snapshot()
    for name in ("Confirm C", "1 Not such a thing", "Skip N", "Undo Z", "Clip P"):
        assert f'button "{name}"' in tree, tree
    assert 'group "Reject"' in tree
    assert 'group "First, threshold, last, after"' in tree
    assert re.search(r'img "threshold picture of street-\d+: suspected', tree, re.IGNORECASE), tree


@pytest.mark.slow
def test_what_changes_by_itself_is_announced(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    assert page.locator(".what[aria-live=polite]").count() == 1
    assert page.locator(".counts[aria-live=polite]").count() == 1
    assert page.locator("#toasts").get_attribute("aria-live") == "polite"
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.slow
def test_the_whole_page_is_walked_through_with_the_tab_key(visit, past: Site):
    """Everything that can be pressed gets the focus, in the order in which it is read, and shows
    it."""
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("main button, main a[href], main input")]
          .filter((each) => each.offsetParent !== null && !each.disabled).length"""
    )
    page.locator("nav a").last.focus()
    reached = set()
    for _ in range(wanted + 6):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => { const each = document.activeElement;
              if (!each.closest("main")) return null;
              each.dataset.tab ??= String(document.querySelectorAll("[data-tab]").length);
              return [each.dataset.tab, getComputedStyle(each).outlineStyle]; }"""
        )
        if told is not None:
            reached.add(told[0])
            assert told[1] != "none"
    assert len(reached) == wanted


@pytest.mark.slow
def test_a_verdict_is_given_with_the_focus_anywhere_but_in_a_text(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    first = showing(page)
    page.locator("[data-act=skip]").focus()
    page.keyboard.press("2")
    page.wait_for_selector(f"body:not([data-incident='{first}'])")
    second = showing(page)
    page.locator(".actions [data-act=confirm]").focus()
    page.keyboard.press("Enter")  # the button's own: once, not twice
    page.wait_for_selector(f"body:not([data-incident='{second}'])")
    third = showing(page)
    page.wait_for_timeout(500)
    assert showing(page) == third


# Simulation of Viénot, Brettel and Mollon (1999): linear RGB seen without the red (protan) or the
# green (deutan) receptor.
PROTAN = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
DEUTAN = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


def linear(colour: str) -> np.ndarray:
    text = colour.lstrip("#")
    text = "".join(c * 2 for c in text) if len(text) == 3 else text[:6]
    value = np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* under D65, of linear sRGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: str, other: str) -> float:
    """The least distance (CIE 1976) over the three kinds of eyes."""
    kinds = (np.eye(3), PROTAN, DEUTAN)
    return min(
        float(np.linalg.norm(lab(kind @ linear(one)) - lab(kind @ linear(other)))) for kind in kinds
    )


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it: 1 to 21."""
    light = [float(np.array([0.2126, 0.7152, 0.0722]) @ linear(c)) for c in (one, other)]
    return (max(light) + 0.05) / (min(light) + 0.05)


def colours_of(path: Path, name: str) -> dict[str, str]:
    text = re.search(rf"const {name} = \{{(.+?)\}};", path.read_text(encoding="utf-8"))
    assert text is not None
    return dict(re.findall(r"(\w+): \"(#\w+)\"", text[1]))


@pytest.mark.parametrize("script", ["figures.js", "map.js"])
def test_verdicts_are_told_apart_without_red_or_green(script: str):
    colours = colours_of(STATIC / "js" / script, "COLOURS")
    assert {"pending", "confirmed", "rejected"} <= colours.keys()
    different = {v: k for k, v in colours.items()}  # map.js shows corrected as confirmed
    for one, other in itertools.combinations(different, 2):
        assert apart(one, other) > 15, (different[one], different[other])


def test_the_test_would_notice_red_against_green():
    assert apart("#d62728", "#7a8b00") < 15 < apart("#009e73", "#e69f00")


def test_texts_have_contrast():
    """4.5 for text, as WCAG 2 AA asks."""
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    names = dict(re.findall(r"--([\w-]+): (#\w+);", style))
    white = "#ffffff"
    for name in ("ink", "blue", "red", "green", "quiet"):
        assert contrast(names[name], white) >= 4.5, name
    for one, other in (("#dbe7f3", "#0a121c"), ("#a9bace", "#0a121c"), ("#dbe7f3", "#18293b")):
        assert one in style
        assert contrast(one, other) >= 4.5
