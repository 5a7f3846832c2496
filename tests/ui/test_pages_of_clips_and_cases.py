"""The clip player, the cases' columns and the figures' bars, in a real browser."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from api.auth import Role
from detector.incidents.schema import cases, deliveries, incidents, outcomes, received_cases
from detector.incidents.utc import utc_now
from tests.auth.site import Site
from tests.evidence.made_video import video
from tests.ui.made_clip import add_clip, sees_a_person
from tests.ui.test_pages import press, showing

pytestmark = pytest.mark.slow


@pytest.fixture
def filmed(past: Site, tmp_path: Path) -> UUID:
    """The head of the queue has a clip."""
    past.service._detectors = (sees_a_person(),)
    ((first, _),) = past.app.state.review.head(1)
    # At a camera that is configured: without one nobody knows its privacy masks.
    with past.service.records.database.transaction() as transaction:
        here = update(incidents).where(incidents.c.id == first)
        transaction.execute(here.values(source_id="corner"))
    add_clip(past.service, first, video(tmp_path / "clip.mp4", seconds=3))
    return first


def _at_least(frame: int, frames: int) -> str:
    return ", ".join(f".player[data-at='{at}']" for at in range(frame, frames))


def frame(page) -> int:
    return int(page.locator(".player").get_attribute("data-at"))


def test_a_clip_is_played_paused_and_searched_by_keyboard(visit, past: Site, filmed: UUID):
    page = visit(Role.OPERATOR).open("review")
    assert showing(page) == str(filmed)
    page.keyboard.press("p")
    page.wait_for_selector(".player[data-frames='12']")
    # The pages' policy forbids what `wait_for_function` does, so the bound is looked for as text.
    page.wait_for_selector(_at_least(2, 12))
    page.keyboard.press("p")
    page.get_by_role("button", name="Play").wait_for()
    stood = frame(page)
    page.keyboard.press(".")
    page.keyboard.press(".")
    assert frame(page) == min(11, stood + 2)
    page.keyboard.press(",")
    page.keyboard.press("Home")  # of the slider, which has the focus
    assert frame(page) == 0
    page.keyboard.press("ArrowRight")
    assert frame(page) == 1
    source = page.locator(".plane img").first.get_attribute("src")
    assert source == f"/api/incidents/{filmed}/clip/1"
    page.locator(".plane img").first.evaluate("image => image.decode()")
    page.keyboard.press(" ")
    page.wait_for_selector(".player[data-at='11']")
    page.get_by_role("button", name="Play").wait_for()  # it ends by itself
    page.keyboard.press("Escape")
    page.locator(".player").wait_for(state="hidden")
    assert "/evidence/" in page.locator(".plane img").first.get_attribute("src")
    assert showing(page) == str(filmed)


def test_a_verdict_ends_the_clip_and_moments_play_where_no_video_is_kept(
    visit, past: Site, filmed: UUID
):
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    page.keyboard.press("p")
    page.wait_for_selector(".player[data-frames='12']")
    press(page, "c")
    page.locator(".player").wait_for(state="hidden")
    page.keyboard.press("p")
    page.wait_for_selector(".player[data-frames='2']")
    assert page.get_by_text("no video kept: 2 pictures").is_visible()
    page.wait_for_selector(".player[data-at='1']")


def test_a_clip_that_cannot_be_masked_says_so_and_shows_nothing(visit, past: Site, filmed: UUID):
    past.service.config = past.service.config.model_copy(update={"cameras": ()})
    page = visit(Role.OPERATOR).open("review")
    showing(page)
    page.keyboard.press("p")
    page.get_by_text("its privacy masks are not known").wait_for()
    page.locator(".player").wait_for(state="hidden")
    assert "/evidence/" in page.locator(".plane img").first.get_attribute("src")


@pytest.fixture
def told(past: Site) -> UUID:
    """The newest case: a component, a peer that sent it, a delivery after two retries, an
    outcome."""
    case = past.service.records.queries.cases().items[0]
    now = utc_now()
    letter = {
        "id": UUID(int=5),
        "destination": "city",
        "case_id": case.id,
        "incident_id": case.incident_id,
        "kind": "opened",
        "seq": 1,
        "idempotency_key": "k",
        "record": {"number": case.number},
        "frozen": True,
        "state": "quarantined",
        "attempts": 3,
        "refusals": 1,
        "due_at": now,
        "last_error": "HTTP 422",
        "created_at": now,
    }
    said = {
        "case_id": case.id,
        "destination": "county",
        "outcome_key": "o",
        "kind": "refused",
        "reason": "not ours",
        "at": now,
        "received_at": now,
        "from_state": "reported",
        "to_state": "refused",
    }
    part = {
        "code": "3207030101000123",
        "kind": "rain cover",
        "owner": "Water works",
        "distance_m": 3.26,
        "others": 1,
        "note": "",
    }
    came = {
        "case_id": case.id,
        "peer": "district",
        "last_seq": 1,
        "last_key": "k",
        "evidence": [],
        "received_at": now,
    }
    with past.service.records.database.transaction() as transaction:
        transaction.execute(insert(deliveries).values(**letter))
        transaction.execute(insert(outcomes).values(**said))
        transaction.execute(insert(received_cases).values(**came))
        changed = update(cases).where(cases.c.id == case.id)
        transaction.execute(changed.values(component=part, path=["street", "district"]))
        assert transaction.execute(select(deliveries.c.id)).all()
    return case.id


def test_the_table_tells_delivery_retries_and_outcome_and_filters(visit, past: Site, told: UUID):
    page = visit(Role.SUPERVISOR).open("cases")
    row = page.locator("tbody tr").first
    cells = row.locator("td").all_inner_texts()
    assert "quarantined" in cells[7]
    assert "city" in cells[7]
    assert cells[8] == "2"
    assert "refused" in cells[9]
    assert page.locator("tbody tr").count() == 40
    page.get_by_label("Delivery").select_option("quarantined")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    page.get_by_label("Delivery").select_option("delivered")
    page.locator("tbody tr").wait_for(state="detached")


def test_letters_are_set_aside_sent_again_and_given_up(visit, past: Site, told: UUID):
    def state() -> str:
        with past.service.records.database.reading() as transaction:
            return transaction.execute(select(deliveries.c.state)).scalar_one()

    page = visit(Role.SUPERVISOR).open("cases?delivery=quarantined")
    page.click("[data-act=redeliver-all]")
    page.get_by_text("1 are on their way again").wait_for()
    page.locator("[data-act=redeliver-all]").wait_for(state="detached")
    assert state() == "pending"
    page = visit(Role.SUPERVISOR, "wang").open(f"cases?case={told}")
    page.locator("details.card summary").click()
    page.click("[data-act=quarantine]")
    page.locator("dialog input").fill("the district asks us to wait")
    page.locator("dialog button.main").click()
    page.locator("details.card summary .badge.quarantined").wait_for()
    assert state() == "quarantined"
    page.locator("details.card summary").click()
    assert page.get_by_text("set aside by wang: the district asks us to wait").is_visible()
    page.get_by_role("button", name="Give up").click()
    page.locator("dialog input").fill("told them by telephone")
    page.locator("dialog button.main").click()
    page.locator("details.card summary .badge.discarded").wait_for()
    done = [entry.action for entry in past.access.audit.entries()]
    assert {"redelivered", "quarantined", "discarded"} <= set(done)
    viewer = visit(Role.VIEWER).open(f"cases?case={told}")
    viewer.locator("details.card summary").click()
    assert viewer.locator("[data-act=quarantine]").count() == 0


def test_an_export_holds_what_the_table_shows(past: Site, told: UUID):
    client = past.signed_in(Role.SUPERVISOR)
    asked = {"delivery": "quarantined", "destination": "city"}
    shown = client.get("/api/cases", params=asked).json()["items"]
    assert [case["id"] for case in shown] == [str(told)]
    features = client.get("/api/export/cases.geojson", params=asked).json()["features"]
    assert len(features) == 1
    lines = client.get("/api/export/cases.csv", params=asked).text.strip().splitlines()
    assert len(lines) == 2


def test_a_case_shows_its_component_its_sender_and_its_outcomes(visit, past: Site, told: UUID):
    page = visit(Role.SUPERVISOR).open(f"cases?case={told}")
    component = page.locator(".component").inner_text()
    for text in ("3207030101000123", "rain cover", "Water works", "3.3 m"):
        assert text in component
    origin = page.locator(".origin").inner_text()
    assert "received from district" in origin
    assert "street → district" in origin
    assert "county: refused" in page.locator(".outcomes").inner_text()
    assert "not ours" in page.locator(".outcomes").inner_text()


def test_a_bar_narrows_the_figures_and_the_chip_widens_them(visit, past: Site):
    page = visit(Role.VIEWER).open("figures")
    assert page.locator("[data-figure=incidents] strong").inner_text() == "100"
    assert page.get_by_role("img", name="By grid cell").is_hidden()
    bars = page.get_by_role("img", name="By violation").bounding_box()
    page.mouse.click(bars["x"] + bars["width"] * 0.3, bars["y"] + bars["height"] * 0.35)
    page.locator(".chip").wait_for()
    assert int(page.locator("[data-figure=incidents] strong").inner_text()) < 100
    behind = page.get_by_role("link", name="The cases behind this").get_attribute("href")
    assert "violation=" in behind
    page.locator(".chip").click()
    page.locator(".chip").wait_for(state="detached")
    assert page.locator("[data-figure=incidents] strong").inner_text() == "100"


def test_models_are_loaded_again_by_engineers_only(visit, past: Site):
    page = visit(Role.ENGINEER).open("models")
    page.click("[data-act=reload]")
    page.get_by_text("models are in use").wait_for()
    assert past.access.audit.entries(action="models_reloaded")
    other = visit(Role.SUPERVISOR).open("models")
    assert other.locator("[data-act=reload]").count() == 0


def test_the_place_is_shown_on_a_small_map(visit, past: Site):
    page = visit(Role.OPERATOR).open("review")
    first = showing(page)
    page.locator(".minimap canvas").first.wait_for()
    place = past.service.records.queries.incident(UUID(first)).place.position
    assert f"lon={place.x}&lat={place.y}" in page.locator(".minimap + a").get_attribute("href")
    press(page, "n")
    second = past.service.records.queries.incident(UUID(showing(page))).place.position
    assert f"lon={second.x}&lat={second.y}" in page.locator(".minimap + a").get_attribute("href")
    with past.service.records.database.transaction() as transaction:
        transaction.execute(update(incidents).values(lon_deg=None, lat_deg=None, x=None, y=None))
    page.reload()
    showing(page)
    assert page.locator(".minimap").is_hidden()
