"""The pages in a real browser."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select

from api.auth import Role
from detector.incidents.access_schema import camera_settings, held_verdicts
from detector.incidents.schema import cases, verdicts
from tests.auth.site import Site

pytestmark = pytest.mark.slow


def count(site: Site, table, *where) -> int:
    query = select(func.count()).select_from(table).where(*where)
    with site.service.records.database.reading() as transaction:
        return transaction.execute(query).scalar_one()


def settled(site: Site, condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def showing(page) -> str:
    """The incident that is shown; waits for one."""
    page.wait_for_selector("body[data-incident]:not([data-incident=''])")
    return page.evaluate("document.body.dataset.incident")


def press(page, key: str) -> None:
    """And waits until another incident is shown, or none."""
    before = showing(page)
    page.keyboard.press(key)
    page.wait_for_selector(f"body:not([data-incident='{before}'])")


def test_the_first_sign_in_asks_for_a_new_password(visit, past: Site):
    password = past.access.first_administrator()
    page = visit(None).open("review")
    assert page.get_by_role("heading", name="Sign in to Xunjie").is_visible()
    page.fill("[name=name]", "admin")
    page.fill("[name=password]", "wrong")
    page.keyboard.press("Enter")
    page.get_by_text("name or password is wrong").wait_for()
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.fill("[name=old]", password)
    page.fill("[name=new]", "correct horse 42")
    page.fill("[name=again]", "correct horse 42")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready=review]")
    assert page.get_by_text("admin · administrator").is_visible()


def test_fifty_incidents_by_keyboard_each_decided_once(visit, past: Site):
    page = visit(Role.OPERATOR, "li").open("review")
    showing(page)
    seen = []
    for number in range(50):
        seen.append(showing(page))
        press(page, "c" if number % 3 else str(1 + number % 9))
    assert len(set(seen)) == 50
    settled(past, lambda: count(past, verdicts) == 50 and count(past, held_verdicts) == 0)
    assert count(past, verdicts, verdicts.c.answer == "rejected") == 17
    assert count(past, verdicts, verdicts.c.operator != "li") == 0
    assert count(past, cases) == 40 + 33


def test_urgent_ones_come_first_and_skipping_and_undoing_work(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    assert page.locator(".what .badge.urgent").is_visible()
    first = showing(page)
    press(page, "n")
    second = showing(page)
    press(page, "c")
    press(page, "z")
    assert showing(page) == second
    time.sleep(3)
    assert count(past, verdicts) == 0
    assert first != second


def test_a_box_is_drawn_anew_by_mouse_and_by_keyboard(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    page.locator(".plane img").first.evaluate("image => image.decode()")
    page.keyboard.press("b")
    frame = page.locator(".plane svg").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] * 0.2, frame["y"] + frame["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.5, frame["y"] + frame["height"] * 0.6, steps=4)
    page.mouse.up()
    press(page, "Enter")
    page.keyboard.press("b")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    press(page, "Enter")
    settled(past, lambda: count(past, verdicts, verdicts.c.answer == "corrected") == 2)
    with past.service.records.database.reading() as transaction:
        boxes = transaction.execute(select(verdicts.c.box_unit)).scalars().all()
    assert any(box == pytest.approx([0.2, 0.3, 0.5, 0.6], abs=0.01) for box in boxes)


def test_two_operators_see_different_incidents_and_each_others_verdicts(visit, past: Site):
    one = visit(Role.OPERATOR, "li").open("review")
    other = visit(Role.OPERATOR, "wang").open("review")
    for page in (one, other):
        showing(page)
    mine, theirs = (showing(p) for p in (one, other))
    assert mine != theirs
    press(one, "c")
    other.get_by_text("li confirmed").wait_for()


def test_many_at_once(visit, past: Site):
    page = visit(Role.SUPERVISOR).open("review")
    showing(page)
    page.keyboard.press("g")
    boxes = page.locator("dialog input[type=checkbox]:not(:disabled)")
    boxes.first.wait_for()
    for number in range(3):
        boxes.nth(number).check()
    page.get_by_role("button", name="Reject").last.click()
    settled(past, lambda: count(past, verdicts, verdicts.c.answer == "rejected") == 3)


def test_a_zone_is_drawn_saved_and_in_force(visit, past: Site):
    past.city.push(1)
    page = visit(Role.ENGINEER).open("cameras?camera=corner")
    image = page.locator(".canvas img")
    image.evaluate("image => image.decode()")
    page.click("[data-act=draw]")
    frame = page.locator(".canvas").bounding_box()
    for x, y in ((0.1, 0.5), (0.9, 0.5), (0.9, 0.9)):
        page.mouse.click(frame["x"] + frame["width"] * x, frame["y"] + frame["height"] * y)
    page.keyboard.press("Enter")
    page.locator(".zones li").wait_for()
    page.get_by_label("Kind").select_option("permitted")
    page.get_by_role("button", name="Add a permit").click()
    page.click("[data-act=save]")
    page.wait_for_selector("body[data-saved='1']")
    assert count(past, camera_settings) == 1
    (zone,) = past.service._watches["corner"].zones
    assert zone.kind.value == "permitted"
    assert zone.polygon_unit[0] == pytest.approx((0.1, 0.5), abs=0.01)
    assert zone.permits[0].stalls == 1


def test_each_role_gets_its_pages_and_each_page_opens(visit, past: Site):
    everything = ["Review", "Cases", "Cameras", "Map", "Flights"]
    everything += ["Figures", "Models", "Audit", "Users"]
    for role, wanted in (
        (Role.VIEWER, everything[1:7]),
        (Role.OPERATOR, everything[:7]),
        (Role.SUPERVISOR, everything[:7]),
        (Role.ENGINEER, everything[1:7]),
        (Role.ADMINISTRATOR, everything),
    ):
        visitor = visit(role)
        page = visitor.open("cases")
        assert page.locator("nav a").all_inner_texts() == wanted
        for name in wanted:
            page.get_by_role("link", name=name, exact=True).first.click()
            page.wait_for_selector(f"body[data-ready={name.lower()}]")
            assert page.locator("main .bad:not(:empty)").count() == 0


def test_a_case_opens_with_its_chain_checked_and_its_dossier(visit, past: Site):
    page = visit(Role.SUPERVISOR).open("cases")
    page.locator("tbody tr").first.click()
    page.get_by_text("✓ intact").wait_for()
    with page.expect_download() as got:
        page.get_by_role("button", name="Dossier (PDF)").click()
    assert got.value.path().read_bytes().startswith(b"%PDF")


def test_the_audit_is_read_and_verified_and_a_user_is_made(visit, past: Site):
    page = visit(Role.ADMINISTRATOR).open("users")
    page.click("[data-act=add]")
    page.fill("dialog [name=name]", "zhao")
    page.locator("dialog button.main").click()
    page.locator("code.secret").wait_for()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Audit").click()
    page.get_by_text("user_added").wait_for()
    page.click("[data-act=verify]")
    page.get_by_text("the chain is intact").wait_for()


def test_the_language_changes_everywhere(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    page.get_by_role("button", name="中文").click()
    page.get_by_text("确认", exact=False).first.wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert page.locator("nav a").first.inner_text() == "审核"


def test_the_wall_shows_masked_pictures_and_health(visit, past: Site):
    past.city.push(1)
    page = visit(Role.VIEWER).open("cameras")
    page.locator("article[aria-label=corner] img").wait_for()
    assert page.locator("article").count() == 2


def test_every_control_on_the_review_page_has_a_name(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, a, img:not([alt=''])")]
          .filter((each) => !each.hidden && !(each.innerText || each.getAttribute("aria-label")
            || each.alt || each.labels?.length)).map((each) => each.outerHTML.slice(0, 90))"""
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body")
