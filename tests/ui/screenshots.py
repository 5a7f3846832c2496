"""Pictures of every page, both languages, two sizes: `python -m tests.ui.screenshots [FOLDER]`.

Needs the folder of a finished `xunjie demo` (`--demo var/demo`); a made-up past is added to a copy
of it, so that tables and charts have something to show. The demonstration's folder stays as it is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from playwright.sync_api import Page
from sqlalchemy import select, update

from api.app import create_app
from api.auth import Role
from api.auth.sessions import COOKIE
from api.config import RELEASED_MODELS, parse_config
from api.demo_command import demo_config
from api.flight_desk import FlightPlaces, city_ledger, file_comparison, flights_folder
from api.server import start_server
from api.service import Service
from detector.flights.ledger import write_ledger
from detector.incidents.schema import incidents
from detector.incidents.utc import utc_now
from detector.inference.fake import FakeDetector
from detector.inference.manifest import read_manifest
from tests.api.city import CLASSES
from tests.ui.made_clip import add_clip
from tests.ui.made_models import write_gate, write_model, write_run
from tests.ui.map_files import write_layers
from tests.ui.pages_site import browser
from tests.ui.populate import StoredPicture, populate

sys.path.insert(0, str(Path(__file__).parents[1] / "flights"))

from made_comparison import made_comparison

_FLIGHT = "estate-may--estate-june"
PAGES = (
    "login",
    "review",
    "cases",
    "case",
    "cameras",
    "zones",
    "add-camera",
    "import-cameras",
    "clip",
    "map",
    "flights",
    "flight",
    "figures",
    "models",
    "audit",
    "users",
)
_TABLE = (
    "id,name,url,lon,lat,crs,interval,tasks\n"
    "market-3,Market 3,rtsp://192.0.2.10/1,119.2216,34.5967,GCJ-02,10,vendor;cover\n"
    "market-4,Market 4,rtsp://127.0.0.1/1,119.2216,34.5967,GCJ-02,10,vendor\n"
    "market-5,Market 5,rtsp://192.0.2.11/1,34.5967,119.2216,,10,vendor\n"
    "market-6,Market 6,rtsp://192.0.2.12/1,,,,ten,vendor\n"
)
SIZES = ((1920, 1080), (1366, 768))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path("var/screenshots"))
    parser.add_argument("--only", nargs="*", default=PAGES, choices=PAGES)
    parser.add_argument("--demo", type=Path, default=Path("var/demo"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "demo"
        shutil.copytree(asked.demo, copy)
        service = _service(copy)
        web = start_server(create_app(service), service.config.http)
        try:
            _shoot(service, web.url.rstrip("/"), asked.out, asked.only)
        finally:
            web.stop()
            service.stop()


def _service(folder: Path) -> Service:
    """The demonstration's cameras as push sources: each gets the first picture of its clip."""
    demo = demo_config(folder, 0)
    cameras: list[dict[str, Any]] = [
        {
            "id": camera.id,
            "kind": "push",
            "interval_s": 2,
            "zones": [zone.model_dump(mode="json") for zone in camera.zones],
            "position": {"x": 119.18 + 0.02 * number, "y": 34.6 + 0.01 * number},
        }
        for number, camera in enumerate(demo.cameras)
    ]
    raw = {"data_folder": folder, "http": {"port": 0}, "cameras": cameras}
    raw |= write_layers(folder / "layers")
    _candidates(folder)
    blind = FakeDetector(lambda image: [], CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))
    service = Service(parse_config(raw, "screenshots"), detectors=[blind])
    populate(
        service.records.database,
        pending=40,
        cases_count=400,
        pictures=_pictures(service),
        cameras=[f"street-{n:03d}" for n in range(30)],
        days=55,
        destination="city",
    )
    _flight(service, folder / "made")
    service.start()
    _clip(service, demo.cameras)
    for camera in demo.cameras:
        ok, image = cv2.VideoCapture(str(getattr(camera.source, "url", ""))).read()
        assert ok
        data = cv2.imencode(".jpg", image)[1].tobytes()
        service.engine.camera(camera.id).source.submit(data, utc_now(), None, "demo")
    return service


def _clip(service: Service, cameras: Sequence[Any]) -> None:
    """The head of the queue gets its camera's video as a clip, and a place."""
    pending = incidents.c.verdict == "pending"
    order = incidents.c.urgent.desc(), incidents.c.opened_at.desc()
    with service.records.database.transaction() as transaction:
        columns = incidents.c.id, incidents.c.source_id
        head = transaction.execute(select(*columns).where(pending).order_by(*order)).first()
        assert head is not None
        first, source_id = head
        x, y = 119.205, 34.605
        place = {"x": x, "y": y, "crs": "EPSG:4326", "error_radius_m": 12.0}
        placed = update(incidents).where(incidents.c.id == first)
        transaction.execute(placed.values(**place, lon_deg=x, lat_deg=y))
    camera = next(camera for camera in cameras if camera.id == source_id)
    add_clip(service, first, Path(camera.source.url).read_bytes(), seconds=30)


def _flight(service: Service, folder: Path) -> None:
    """A filed comparison of two days: one new shed, one gone, one that stands."""
    city, made = service.config, made_comparison(folder)
    write_ledger(city_ledger(city), made.ledger)
    places = FlightPlaces(
        place=flights_folder(city) / _FLIGHT,
        base=made.base,
        current=made.current,
        ledger=city_ledger(city),
    )
    file_comparison(service.records, city, made.comparison, places, "0" * 64)


def _candidates(folder: Path) -> None:
    """Made-up ones beside the street model that is released, one of them refused; a training."""
    running = read_manifest(RELEASED_MODELS / "street")
    told = {"name": "street", "version": running.version, "sha256": running.weights.sha256}
    for version, reasons in (
        ("2027.1.1", ()),
        ("2027.1.2", ("cart: AP50 0.412 against 0.570 on the frozen side",)),
    ):
        place = write_model(folder / "candidates" / f"street-{version}", version)
        write_gate(place, version, "-", *reasons)
        report = json.loads((place / "gate.json").read_text(encoding="utf-8"))
        if reasons:
            report["comparisons"][1] |= {"candidate": 0.412, "worse": True}
        text = json.dumps({**report, "running": told})
        (place / "gate.json").write_text(text, encoding="utf-8")
    write_run(folder / "runs" / "week-49", epochs=40, done=17)
    write_run(folder / "runs" / "week-48", epochs=40, done=40, finished=True)


def _pictures(service: Service) -> list[StoredPicture]:
    queries = service.records.queries
    vendor = next(i for i in queries.incidents().items if i.violation == "vendor")
    rows = {(row.kind, row.variant): row for row in queries.evidence(vendor.id)}
    return [
        StoredPicture(
            kind=kind,
            shown_key=rows[kind, "shown"].key,
            clean_key=rows[kind, "clean"].key,
            sha256=rows[kind, "shown"].sha256,
            size_bytes=rows[kind, "shown"].size_bytes,
        )
        for kind in ("first", "threshold")
    ]


def _shoot(service: Service, url: str, out: Path, pages: Sequence[str]) -> None:
    link = service.access.login_link("demo", Role.ADMINISTRATOR)
    token = service.access.enter(link, "127.0.0.1").token
    case = service.records.queries.cases().items[0].id
    addresses = {
        "case": f"cases?case={case}",
        "zones": f"cameras?camera={service.config.cameras[0].id}",
        "add-camera": "cameras",
        "import-cameras": "cameras",
        "clip": "review",
        "flight": f"flights?flight={_FLIGHT}",
    }
    with browser() as opened:
        for language in ("zh", "en"):
            for width, height in SIZES:
                context = opened.new_context(
                    viewport={"width": width, "height": height},
                    locale={"zh": "zh-CN", "en": "en-GB"}[language],
                    timezone_id="Asia/Shanghai",
                )
                context.set_default_timeout(60_000)
                context.add_init_script(f"localStorage.setItem('xunjie.language', '{language}')")
                page = context.new_page()
                for name in pages:
                    if name != "login":
                        context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
                    page.goto(f"{url}/pages/{addresses.get(name, name)}")
                    page.wait_for_selector("body[data-ready]")
                    _set_up(page, name)
                    page.wait_for_timeout(1200)
                    page.screenshot(path=out / f"{name}-{language}-{width}.png")
                context.close()


def _set_up(page: Page, name: str) -> None:
    """What one must press to see it."""
    if name == "add-camera":
        page.click("[data-act=add]")
    elif name == "import-cameras":
        page.click("[data-act=import]")
        table = {"name": "cameras.csv", "mimeType": "text/csv", "buffer": _TABLE.encode()}
        page.set_input_files("input[type=file]", table)
        page.wait_for_selector(".faults")
    elif name == "clip":
        page.keyboard.press("p")
        page.wait_for_selector(".player:not([data-frames='0'])")
    elif name == "zones":
        page.click("[data-act=try]")
    elif name == "map":
        for layer in ("grids", "covers"):
            page.locator(f"[name={layer}]").check()


if __name__ == "__main__":
    main()
