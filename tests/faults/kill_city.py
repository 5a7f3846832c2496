"""Kill -9 `xunjie run` itself at random moments, and count at the receiver.

    python -m tests.faults.kill_city --kills 200

The whole service, with the released models: pictures of a missing cover, each taken at another
place, are laid into the folder of a patrol's source while the service is killed and started
again, its queue being a receiver that refuses, hangs, resets, or answers late or after having
taken the case. Each place must have exactly one incident, and each incident exactly one case at
the receiver, by idempotency key. Prints a line of JSON; the exit status is 0 only if so.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import yaml
from sqlalchemy import text

from api.config import read_config
from api.service import open_records
from detector.incidents import IncidentFilter
from tests.faults.kill_run import receiver
from tests.faults.paging import every
from tests.faults.receiver import quick_sink
from tests.sources.making import with_exif

_ROOT = Path(__file__).parents[2]
_CLIP = _ROOT / "datasets" / "scenes" / "clips" / "cover_missing.mp4"
_HOLE_AT_S = 100.0
_STALLED_S = 90.0  # without a new case, the draining run has done what it will do


@dataclass(kw_only=True)
class CityReport:
    kills: int
    pictures: int = 0
    incidents: int = 0
    cases_at_receiver: int = 0  # distinct keys of an opened case
    repeated: int = 0  # a known key came again: the price of an unknown outcome
    killed_looking: int = 0  # kills after the first look of that start
    troubles: dict[str, int] = field(default_factory=dict)
    seconds: float = 0
    faults: list[str] = field(default_factory=list)


def run_kills(folder: Path, kills: int, seed: int, trouble: float) -> CityReport:
    """The whole run; `folder` is empty."""
    chance, began = random.Random(seed), time.monotonic()
    report = CityReport(kills=kills)
    patrol = Patrol(folder / "patrol")
    with receiver(folder / "book.jsonl", seed, trouble) as port:
        config = _write_config(folder, patrol.folder, port)
        for _ in range(kills):
            for _ in range(chance.randint(0, 3)):
                patrol.lay()
            _kill_one(config, folder / "log", chance, report)
        patrol.lay()
        report.pictures = patrol.laid
        _drain(config, folder / "log", port, patrol.laid, report)
        book = _book(port)
    _count(config, book, patrol.laid, report)
    report.seconds = round(time.monotonic() - began, 1)
    return report


class Patrol:
    """Lays pictures of a missing cover into a folder, each some 1.5 km from the last."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.laid = 0
        self._jpeg = _hole()

    def lay(self) -> None:
        number = self.laid
        self.laid += 1
        taken = f"2026:05:01 {10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
        lat, lon = (30 + number // 60, number % 60), (120, 0)
        target = self.folder / f"p{number:05}.jpg"
        # Under another name first: a picture that is half there must not be read.
        part = target.with_suffix(".part")
        part.write_bytes(with_exif(self._jpeg, taken.encode(), b"+08:00", lat, lon))
        part.rename(target)


def _hole() -> bytes:
    video = cv2.VideoCapture(str(_CLIP))
    video.set(cv2.CAP_PROP_POS_MSEC, _HOLE_AT_S * 1000)
    done, image = video.read()
    video.release()
    if not done:
        raise ValueError(f"{_CLIP}: no frame at {_HOLE_AT_S} s")
    done, data = cv2.imencode(".jpg", np.asarray(image), [cv2.IMWRITE_JPEG_QUALITY, 92])
    return data.tobytes()


def _write_config(folder: Path, pictures: Path, port: int) -> Path:
    city = {
        "data_folder": "data",
        "http": {"port": 0},
        "cameras": [
            {
                "id": "patrol",
                "kind": "folder",
                "path": str(pictures),
                "moving": True,
                "tasks": ["cover"],
                "settle_s": 0,
                "rescan_s": 0.2,
            }
        ],
        "destinations": [
            {
                "name": "city",
                "sink": quick_sink(f"http://127.0.0.1:{port}/cases"),
                "backoff": {"first_s": 0.05, "longest_s": 0.3},
                "lease_s": 1.5,
                "poll_s": 0.1,
            }
        ],
        "evidence": {"min_free_bytes": 0},
    }
    path = folder / "city.yaml"
    path.write_text(yaml.safe_dump(city), encoding="utf-8")
    return path


def _start(config: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "api", "run", "-c", str(config), "--json-logs"]
    with log.open("wb") as file:
        return subprocess.Popen(command, cwd=_ROOT, stdout=file, stderr=file)


def _kill_one(config: Path, log: Path, chance: random.Random, report: CityReport) -> None:
    """Before the service is up, shortly after, or in the midst of its work, by its own log."""
    process = _start(config, log)
    moment = chance.random()
    if moment < 0.2:
        time.sleep(chance.random() * 2)
    elif moment < 0.5:
        _wait_for(log, b'"started"', process, 60)
        time.sleep(chance.random() * 2)
    else:
        _wait_for(log, b"incident_opened", process, 10)
        time.sleep(chance.random())
    process.send_signal(signal.SIGKILL)
    status = process.wait()
    report.killed_looking += b"incident_opened" in log.read_bytes()
    if status != -signal.SIGKILL:
        report.faults.append(f"the service ended by itself: {status}: {log.read_text()[-400:]}")


def _wait_for(log: Path, word: bytes, process: subprocess.Popen[bytes], most_s: float) -> None:
    """Until the log holds the word; there may be nothing left to open."""
    until = time.monotonic() + most_s
    while time.monotonic() < until and process.poll() is None:
        if word in log.read_bytes():
            return
        time.sleep(0.02)


def _drain(config: Path, log: Path, port: int, wanted: int, report: CityReport) -> None:
    process = _start(config, log)
    came, since = 0, time.monotonic()
    while came < wanted and time.monotonic() - since < _STALLED_S:
        now = len(_opened(_book(port)))
        if now > came:
            came, since = now, time.monotonic()
        time.sleep(0.5)
    time.sleep(3)  # a case too many would come now
    process.terminate()
    if status := process.wait(timeout=60):
        report.faults.append(f"the draining run ended with {status}: {log.read_text()[-400:]}")


def _book(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/book") as answer:
        return json.load(answer)


def _opened(book: dict) -> list[dict]:
    return [entry for entry in book["accepted"] if entry["kind"] == "opened"]


def _count(config: Path, book: dict, pictures: int, report: CityReport) -> None:
    report.repeated, report.troubles = book["repeated"], book["troubles"]
    cases = Counter(entry["incident_id"] for entry in _opened(book))
    report.cases_at_receiver = len(cases)
    records = open_records(read_config(config))
    try:
        found = list(_incidents(records))
        ids = {str(incident) for incident in found}
        report.incidents = len(found)
        faults = report.faults
        if len(found) != pictures:
            faults.append(f"{pictures} places, {len(found)} incidents")
        faults += [f"lost: {i} has no case at the receiver" for i in sorted(ids - set(cases))]
        faults += [f"doubled: {i} has {n} cases" for i, n in cases.items() if n != 1]
        faults += [f"unknown: {i} is only at the receiver" for i in sorted(set(cases) - ids)]
        faults += [f"without its picture: {e['key']}" for e in _opened(book) if not e["pictures"]]
        for incident in found:
            if not records.chain.verify(incident).intact:
                faults.append(f"evidence of {incident} does not verify")
        with records.database.reading() as transaction:
            verdict = transaction.execute(text("pragma integrity_check")).scalar_one()
        if verdict != "ok":
            faults.append(f"database: {verdict}")
    finally:
        records.database.close()


def _incidents(records) -> Iterator[UUID]:
    read, which = records.queries.incidents, IncidentFilter()
    return (i.id for i in every(lambda cursor: read(which, cursor=cursor, limit=500)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trouble", type=float, default=0.5, help="share of requests in trouble")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xunjie-city-") as folder:
        report = run_kills(Path(folder), wanted.kills, wanted.seed, wanted.trouble)
    sys.stdout.write(json.dumps(asdict(report)) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
