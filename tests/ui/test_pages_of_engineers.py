"""What engineers do on the pages, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from api.auth import Role
from detector.incidents.schema import incidents
from detector.inference.manifest import read_manifest
from tests.auth.site import Site
from tests.ui.made_models import sha256_of, write_gate, write_model, write_run
from tests.ui.map_files import layers, write_layers

pytestmark = pytest.mark.slow


@pytest.fixture
def models(past: Site, tmp_path: Path) -> Path:
    """A running model, a candidate that has passed, one that was refused, a training."""
    folder = tmp_path / "models"
    config = past.service.config
    past.service.config = config.model_copy(update={"models_folder": folder})
    write_model(folder / "street", "2026.11.1")
    for version, reasons in (("2027.1.1", ()), ("2027.1.2", ("cart: AP50 0.400 against 0.570",))):
        write_model(config.candidates / f"street-{version}", version)
        write_gate(config.candidates / f"street-{version}", version, "2026.11.1", *reasons)
    write_run(config.runs / "week-49", epochs=12, done=5)
    return folder


def test_a_model_is_promoted_and_rolled_back(visit, past: Site, models: Path):
    page = visit(Role.ENGINEER).open("models")
    refused = page.locator("[data-candidate='street-2027.1.2']")
    assert refused.locator("[data-act=promote]").is_disabled()
    assert "AP50 0.400 against 0.570" in refused.inner_text()
    assert page.get_by_text("epoch 5 of 12").is_visible()
    page.locator("[data-candidate='street-2027.1.1'] [data-act=promote]").click()
    page.locator("dialog button.main").click()
    page.locator("[data-model=street]").get_by_text("street 2027.1.1", exact=True).wait_for()
    assert read_manifest(models / "street").weights.sha256 == sha256_of("2027.1.1")
    page.click("[data-act=rollback]")
    page.locator("dialog button.main").click()
    page.locator("[data-model=street]").get_by_text("street 2026.11.1", exact=True).wait_for()
    assert read_manifest(models / "street").version == "2026.11.1"
    actions = [row.action for row in past.access.audit.entries()]
    assert actions.count("model_promoted") == actions.count("model_rolled_back") == 1


def test_others_see_models_and_change_none(visit, past: Site, models: Path):
    page = visit(Role.VIEWER).open("models")
    page.locator("[data-candidate]").first.wait_for()
    assert page.locator("[data-act=promote], [data-act=rollback]").count() == 0


def test_cameras_are_imported_and_the_bad_rows_named(visit, past: Site, tmp_path: Path):
    table = tmp_path / "import.csv"
    table.write_text("id,name,url,tasks\na,一,push:,vendor\nb,,ftp://x/,\nc,三,push:,cover\n")
    page = visit(Role.ENGINEER).open("cameras")
    page.click("[data-act=import]")
    page.set_input_files("input[type=file]", table)
    page.get_by_text("Line 3").wait_for()
    page.get_by_role("button", name="Take the good rows: 2").wait_for()
    page.click("[data-act=take]")
    page.locator("article[aria-label=c]").wait_for()
    assert [camera.id for camera in past.service.engine.cameras][-2:] == ["a", "c"]


def test_a_camera_is_added_changed_and_taken_away(visit, past: Site):
    page = visit(Role.ENGINEER).open("cameras")
    page.click("[data-act=add]")
    page.fill("[name=id]", "market")
    page.fill("[name=url]", "rtsp://127.0.0.1/1")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("is a loopback address").wait_for()
    page.locator("[name=kind]").select_option("push")
    page.get_by_role("button", name="Save").click()
    page.locator("article[aria-label=market] [data-act=change]").click()
    page.fill("[name=interval_s]", "4")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("every 4 s").wait_for()
    assert past.service.engine.camera("market").interval_s == 4
    page.locator("article[aria-label=market] [data-act=change]").click()
    page.get_by_role("button", name="Take away").click()
    page.locator("article[aria-label=market]").wait_for(state="detached")
    assert past.service.engine.camera("market") is None


def test_a_rule_is_tried_on_the_page(visit, past: Site):
    past.city.push(9, stall=True)
    page = visit(Role.ENGINEER).open("cameras?camera=corner")
    page.click("[data-act=try]")
    page.get_by_text("Incidents that would have been opened: 1").wait_for()
    assert page.locator(".canvas rect.tried").count() == 1
    assert "9 looks" in page.locator(".trial").inner_text()


def test_what_lies_on_one_spot_of_the_map_is_told_as_a_list(visit, past: Site):
    spot = {"lat_deg": 34.5, "lon_deg": 119.1}
    with past.service.records.database.transaction() as transaction:
        transaction.execute(update(incidents).values(**spot))
    visitor = visit(Role.VIEWER)
    page = visitor.open("map")
    page.goto(f"{page.url.split('?')[0]}?lat={spot['lat_deg']}&lon={spot['lon_deg']}")
    page.wait_for_selector("body[data-ready=map]")
    page.locator(".leaflet-control-zoom-in").click()
    page.locator(".cluster").first.click()
    told = page.locator(".leaflet-popup-content")
    told.wait_for()
    assert told.locator("div div").count() > 8


def test_layers_of_the_map_are_chosen_and_kept(visit, past: Site, tmp_path: Path):
    made = layers(write_layers(tmp_path / "layers"))
    past.app.state.layers = made
    page = visit(Role.VIEWER).open("map")
    grids, covers = page.locator("[name=grids]"), page.locator("[name=covers]")
    assert (grids.is_checked(), covers.is_enabled()) == (False, True)
    with page.expect_response("**/api/map/covers**") as answer:
        covers.check()
    assert answer.value.json()["total"] > 0
    grids.check()
    page.locator("[name=cases]").uncheck()
    assert "60 incidents" in page.locator(".maptools .quiet").first.inner_text()
    page.reload()
    page.wait_for_selector("body[data-ready=map]")
    assert page.locator("[name=grids]").is_checked()
    assert not page.locator("[name=cases]").is_checked()
