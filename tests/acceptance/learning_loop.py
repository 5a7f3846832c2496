"""The learning loop, start to end: python -m tests.acceptance.learning_loop OUT

Two services run in turn on the released models, with pictures pushed over HTTP and verdicts given
over HTTP. In the first one, cameras see dark tubs with a coloured rim, which the model takes for
missing covers: operators reject 30 such incidents and confirm some that are real. In the second
one, somebody rejects incidents that are real. After each, a dataset is built, a model trained and
the gate asked, by the commands that a city would use.

Needs the real pictures (XUNJIE_SHARED) for the frozen side and for keeping what was learned.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth.audit import command_line
from api.auth.role import KEY_SCOPES
from api.config import parse_config
from api.service import Service
from detector.inference.overlap import iou_matrix
from detector.pipeline.camera import Camera
from training.commands import data_root
from training.label import read_boxes
from training.predict import OnnxModel
from training.released import network_of, released_manifest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"
CLIPS = ROOT / "datasets" / "scenes" / "clips"
START = datetime(2026, 5, 4, 1, tzinfo=UTC)
REVIEWED = 30
CONFIRMED = 12
REJECTS = {"answer": "rejected", "reason": "Not such a thing"}
UNSEEN = 60
CAMERAS = 6
LOOKS = 2
TRAIN = {
    "epochs": 2,
    "width_px": 416,
    "batch": 16,
    "lr": 0.0002,
    "lr_final": 0.1,
    "warmup_epochs": 0.3,
    "freeze": 15,
    "scale": 0.4,
    "mosaic": 0.3,
    "close_mosaic": 1,
    "workers": 1,
    "threads": 1,
    "keep": 0.7,
}

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a camera sees, and how an operator answers when an incident comes of it."""

    camera: str
    day: int
    image: np.ndarray
    answer: dict[str, Any]


def backgrounds(part: int) -> list[np.ndarray]:
    """Real streets without a cover: every second one, from `part` (0 or 1) on."""
    folder = data_root() / "data" / "street_negatives" / "road"
    return [np.asarray(cv2.imread(str(file))) for file in sorted(folder.rglob("*.jpg"))[part::2]]


def with_tub(street: np.ndarray, seed: int) -> tuple[np.ndarray, Corners]:
    """A dark tub with a coloured rim on the road, and its box in pixels."""
    chance = np.random.default_rng(seed)
    height, width = street.shape[:2]
    across = int(chance.uniform(0.08, 0.15) * width)
    down = int(across * chance.uniform(0.5, 0.75))
    x, y = int(chance.uniform(0.2, 0.8) * width), int(chance.uniform(0.62, 0.82) * height)
    rim = (chance.uniform(140, 200), chance.uniform(70, 110), chance.uniform(20, 60))
    image = street.astype(np.float32)
    for colour, share in ((rim, 1.0), ((12, 12, 14), 0.9)):
        ellipse = np.zeros((height, width), np.float32)
        axes = (int(across * share), int(down * share))
        cv2.ellipse(ellipse, (x, y), axes, 0, 0, 360, 1, -1)
        cover = cv2.GaussianBlur(ellipse, (0, 0), 0.8)[..., None]
        paint = np.array(colour, np.float32) + chance.normal(0, 5, image.shape)
        image = image * (1 - cover) + paint * cover
    box = (float(x - across), float(y - down), float(x + across), float(y + down))
    return np.clip(image, 0, 255).astype(np.uint8), box


def tubs(
    model: OnnxModel, limit: float, streets: Sequence[np.ndarray], first: int
) -> Iterator[tuple[np.ndarray, Corners]]:
    """Tubs that the running model takes for a missing cover."""
    for seed in range(first, first + 2000):
        image, box = with_tub(streets[seed % len(streets)], seed)
        if taken_for_missing(model, image, box, limit):
            yield image, box


def taken_for_missing(model: OnnxModel, image: np.ndarray, box: Corners, limit: float) -> bool:
    seen = model.predict(image, floor=limit)
    on_it = iou_matrix(seen.xyxy, np.array([box]))[:, 0] > 0.4
    return bool((on_it & (seen.class_id == 2)).any())


def holes(count: int) -> list[np.ndarray]:
    """Real pictures of missing covers that the dataset trains on."""
    folder = data_root() / "data" / "covers" / "phone"
    found = []
    for labels in sorted((folder / "labels").glob("*.txt")):
        boxes = read_boxes(labels)
        if len(boxes) == 1 and boxes[0].class_id == 2 and 0.2 < boxes[0].w < 0.7:
            found.append(np.asarray(cv2.imread(str(folder / "images" / f"{labels.stem}.jpg"))))
    step = max(len(found) // count, 1)
    return found[::step][:count]


def honest_views(model: OnnxModel, limit: float) -> Iterator[View]:
    """Missing covers that operators confirm, then tubs that they reject."""
    confirms, rejects = {"answer": "confirmed"}, REJECTS
    number = 0
    for image in holes(CONFIRMED):
        yield _view(number, image, confirms)
        number += 1
    for image, _ in tubs(model, limit, backgrounds(0), 0):
        yield _view(number, image, rejects)
        number += 1


def poisoned_views() -> Iterator[View]:
    """Missing covers that somebody rejects one and all."""
    for number, image in enumerate(holes(3 * REVIEWED)):
        yield _view(number, image, REJECTS)


def _view(number: int, image: np.ndarray, answer: dict[str, Any]) -> View:
    return View(camera=f"c{number % CAMERAS}", day=number // CAMERAS, image=image, answer=answer)


def serve(folder: Path, views: Iterator[View]) -> int:
    """Push views and answer their incidents until 30 are rejected; returns how many were answered.

    Not every view becomes an incident: the rule wants it seen twice at the model's threshold.
    """
    settings = {
        "data_folder": str(folder / "data"),
        "models_folder": str(MODELS),
        "http": {"port": 0},
        "evidence": {"min_free_bytes": 0},
        "cameras": [
            {"id": f"c{n}", "kind": "push", "interval_s": 10, "tasks": ["cover"]}
            for n in range(CAMERAS)
        ],
    }
    folder.mkdir(parents=True)
    (folder / "xunjie.yaml").write_text(json.dumps(settings), encoding="utf-8")
    service = Service(parse_config(settings, "learning loop"))
    service.start()
    try:
        _, secret = service.access.add_key(command_line(), "operator", sorted(KEY_SCOPES), None)
        headers = {"Authorization": f"Bearer {secret}"}
        with TestClient(create_app(service), headers=headers) as client:
            answered = rejected = 0
            for view in views:
                count = _answered(client, service, view)
                answered += count
                rejected += count if view.answer is REJECTS else 0
                if rejected >= REVIEWED:
                    break
            return answered
    finally:
        service.stop()


def _answered(client: TestClient, service: Service, view: View) -> int:
    camera = service.engine.camera(view.camera)
    before = _taken(camera)
    chance = np.random.default_rng(view.day)
    for look in range(LOOKS):
        noise = chance.integers(-2, 3, view.image.shape, np.int16)
        image = np.clip(view.image.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        at = START + timedelta(days=view.day, seconds=10 * look)
        answer = client.post(
            "/api/frames",
            data={"source": view.camera, "captured_at": at.isoformat()},
            files={"picture": ("a.jpg", data, "image/jpeg")},
        )
        assert answer.status_code == 202, answer.text
    while _taken(camera) < before + LOOKS:
        time.sleep(0.02)
    pending = client.get("/api/incidents", params={"verdict": "pending"}).json()["items"]
    for incident in pending:
        url = f"/api/incidents/{incident['id']}/verdict"
        assert client.post(url, json=view.answer).status_code == 200
    return len(pending)


def _taken(camera: Camera) -> int:
    told = camera.tally.snapshot()
    return told.looks + told.blind_looks  # a blurred street counts as blind


def learn(folder: Path) -> int:
    """Set, dataset, training, gate: the commands of the product. Returns the gate's exit code."""
    _run("dataset", "reviewed", folder / "set", "-c", folder / "xunjie.yaml")
    own = ("--set", folder / "set", "--set-repeat", "8", "--limit", "500")
    sides = ("--max-side-px", "512", "--val-every", "6")
    _run("dataset", "build", "covers", folder / "dataset", *own, *sides)
    (folder / "train.json").write_text(json.dumps(TRAIN, indent=1), encoding="utf-8")
    places = ("--dataset", folder / "dataset", "--out", folder / "run")
    clip = ("--clip", CLIPS / "cover_missing.mp4")
    return _run("train", folder / "train.json", *places, *clip, check=False)


def _run(*arguments: object, check: bool = True) -> int:
    command = [sys.executable, "-m", "api", *map(str, arguments)]
    print("$ xunjie", *map(str, arguments), flush=True)
    return subprocess.run(command, cwd=ROOT, check=check).returncode


def false_alarms(model: Path, streets: Sequence[np.ndarray]) -> int:
    """Of unseen tubs, how many are taken for a missing cover at the model's threshold."""
    network, limit = network_of(model), released_manifest(model).thresholds["cover_missing"]
    views = (with_tub(streets[n % len(streets)], 100_000 + n) for n in range(UNSEEN))
    return sum(taken_for_missing(network, image, box, limit) for image, box in views)


def gate_of(folder: Path) -> dict[str, Any]:
    """The gate's report on what was learned there."""
    text = (folder / "run" / "candidate" / "gate.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def main(out: Path) -> int:
    running = MODELS / "covers"
    limit = released_manifest(running).thresholds["cover_missing"]
    began = time.monotonic()
    answered = serve(out / "honest", honest_views(network_of(running), limit))
    honest = learn(out / "honest")
    streets = backgrounds(1)
    candidate = out / "honest" / "run" / "candidate"
    counts = [false_alarms(folder, streets) for folder in (running, candidate)]
    poisoned = serve(out / "poisoned", poisoned_views())
    refused = learn(out / "poisoned")
    gates = {name: gate_of(out / name) for name in ("honest", "poisoned")}
    contradict = any(row["contradicts"] for row in gates["poisoned"]["rejections"])
    record = {
        "incidents_answered": answered,
        "gate_passed": honest == 0,
        "unseen_tubs": UNSEEN,
        "taken_for_missing_before": counts[0],
        "taken_for_missing_after": counts[1],
        "poisoned_incidents": poisoned,
        "poisoned_refused": refused == 2,
        "reasons": {name: gate["reasons"] for name, gate in gates.items()},
        "rejections": {name: gate["rejections"] for name, gate in gates.items()},
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    (out / "report.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))
    learned = honest == 0 and counts[1] * 4 <= counts[0]
    return 0 if learned and refused == 2 and contradict else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
