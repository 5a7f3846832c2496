"""Memory a camera, cost of the rest of a look, start-up and staleness as cameras grow in number.

    python -m tests.benchmarks.cameras [--cameras 10,100,500,1000] [--interval-s 60] [--for-s 45]
        [--kind snapshot|visit] [--networks]

Each number runs in a process of its own: the whole service with that many cameras, all served by
one local HTTP server (snapshots) or RTSP server (visits), and a network that answers at once, so
that what is left is our own cost. Looks are core-milliseconds a look without the network; how many
cameras a machine holds follows from them and the network's cost (tests.benchmarks.look), or is
tried with `--networks`: the released street models on the engines that the service would choose.

`stale_s` is the greatest staleness in the second half; `greatest_stale_s` also knows the start,
when every network is asked twice.

The first look is counted from the process's own start, imports and all; so is the CPU time until
then.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import psutil

from api.config import parse_config
from api.service import Service
from detector.inference.fake import FakeDetector

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sources"))
_SELF = [sys.executable, "-m", "tests.benchmarks.cameras"]
CLASSES = ("stall", "cart", "ground_goods", "person", "cover_ok", "cover_damaged", "cover_missing")


class Snapshots(ThreadingHTTPServer):
    """A few JPEGs of a 720p street that differ in their grain; each address gets them in turn, as a
    camera that gives the same picture twice counts as frozen."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        chance = np.random.default_rng(1)
        rough = chance.integers(60, 190, (45, 80, 3), np.uint8)
        street = cv2.resize(rough, (1280, 720), interpolation=cv2.INTER_NEAREST)  # sharp edges
        grains = (chance.integers(0, 12, street.shape, np.uint8) for _ in range(5))
        self.pictures = [cv2.imencode(".jpg", cv2.add(street, g))[1].tobytes() for g in grains]
        self.turns: Counter[str] = Counter()
        super().__init__(("127.0.0.1", 0), Snapshot)


class Snapshot(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        turn, pictures = self.server.turns[self.path], self.server.pictures
        self.server.turns[self.path] = turn + 1
        data = pictures[turn % len(pictures)]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args) -> None: ...


def serve(kind: str):
    """Prints the address, then serves until its input ends."""
    if kind == "snapshot":
        server = Snapshots()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/\n")
    else:
        from rtsp_street import RtspStreet, encoded

        # Another moment at each visit: the same keyframe again and again would count as frozen.
        camera = RtspStreet(encoded((640, 360), keyframe_every_s=2, lasts_s=86))
        sys.stdout.write(camera.url() + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    if kind != "snapshot":
        camera.stop()


class FirstLook:
    """Notes when any camera was first looked at: seconds of the clock and of CPU since the process
    began."""

    def __init__(self, service: Service) -> None:
        self._service, self._process = service, psutil.Process()
        self.after_s = self.cpu_s = -1.0
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while not self._service.engine.looks:
            time.sleep(0.02)
        self.after_s = time.time() - self._process.create_time()
        spent = self._process.cpu_times()
        self.cpu_s = spent.user + spent.system


def empty_mib() -> float:
    """Of a service without a camera."""
    with tempfile.TemporaryDirectory() as folder:
        raw = {"data_folder": folder, "cameras": [], "evidence": {"min_free_bytes": 0}}
        service = Service(parse_config(raw, "empty"), detectors=[model()])
        mib = psutil.Process().memory_info().rss / 2**20
        service.stop()
    return mib


def model() -> FakeDetector:
    return FakeDetector(lambda image: [], CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))


def watch(url: str, wanted: argparse.Namespace, count: int) -> dict:
    own = {"kind": "snapshot"} if wanted.kind == "snapshot" else {"kind": "stream", "visit": True}
    own["interval_s"] = wanted.interval_s
    cameras = [{"id": f"c{n}", "url": f"{url}{n}", **own} for n in range(count)]
    models = None if wanted.networks else [model()]  # None: the released ones
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        raw = {"data_folder": folder, "cameras": [], "evidence": {"min_free_bytes": 0}}
        service = Service(parse_config({**raw, "cameras": cameras}, "many"), detectors=models)
        began_s, first = time.monotonic(), FirstLook(service)
        service.start()
        time.sleep(max(0.0, began_s + wanted.for_s - time.monotonic()))
        looks, carried, cpu_s = looks_of(service), carried_of(service), process.cpu_times()
        stale_s = stalest_s(service, wanted.for_s)
        looked, cpu_s = looks_of(service) - looks, spent_s(cpu_s, process.cpu_times())
        carried = carried_of(service) - carried
        seen = [c.tally.snapshot() for c in service.engine.cameras]
        mib = process.memory_info().rss / 2**20
        bound_s = max(service.engine.stale_bound_s(c.id) or 0 for c in service.engine.cameras)
        service.stop()
    return {
        "cameras": count,
        "first_look_s": round(first.after_s, 2),
        "first_look_cpu_s": round(first.cpu_s, 2),
        "looks_a_second": round(looked / wanted.for_s, 2),
        "wanted_a_second": round(count / wanted.interval_s, 2),
        "carried_turns_a_look": round(carried / max(1, looked), 3),
        "core_ms_a_look": round(1000 * cpu_s / max(1, looked), 2),
        "core_ms_a_camera_s": round(1000 * cpu_s / wanted.for_s / count, 3),
        "mib_a_camera": round((mib - wanted.empty_mib) / count, 3),
        "stale_s": round(stale_s, 1),
        "greatest_stale_s": round(max(s.greatest_stale_s for s in seen), 1),
        "bound_shown_s": round(bound_s, 1),
    }


def stalest_s(service: Service, for_s: float) -> float:
    """The greatest staleness of any camera at any second from now on, without the start."""
    ends_s, most_s = time.monotonic() + for_s, 0.0
    while (left_s := ends_s - time.monotonic()) > 0:
        most_s = max(most_s, *(c.tally.snapshot().stale_s for c in service.engine.cameras))
        time.sleep(min(1.0, left_s))
    return most_s


def looks_of(service: Service) -> int:
    return sum(camera.tally.looks for camera in service.engine.cameras)


def carried_of(service: Service) -> int:
    """Turns of a model in which it was not asked."""
    return sum(watch.carried_looks for watch in service._watches.values())


def spent_s(before, after) -> float:
    return after.user + after.system - before.user - before.system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cameras", default="10,100,500,1000")
    parser.add_argument("--interval-s", type=float, default=60)
    parser.add_argument("--for-s", type=float, default=45)
    parser.add_argument("--kind", choices=("snapshot", "visit"), default="snapshot")
    parser.add_argument("--networks", action="store_true", help="the released models")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--empty-mib", type=float, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        return serve(wanted.kind)
    if wanted.url:
        sys.stdout.write(json.dumps(watch(wanted.url, wanted, int(wanted.cameras))) + "\n")
        return None
    with served(wanted.kind) as url:
        return compare(wanted, url)


@contextmanager
def served(kind: str) -> Iterator[str]:
    """The address of the cameras' server, a process of its own."""
    server = subprocess.Popen(
        [*_SELF, "--kind", kind, "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait(10)


def compare(wanted: argparse.Namespace, url: str) -> None:
    empty = [sys.executable, "-c", f"from {__spec__.name} import empty_mib; print(empty_mib())"]
    told = subprocess.run(empty, capture_output=True, text=True, check=True).stdout.splitlines()
    timing = [
        "--empty-mib",
        told[-1],
        "--interval-s",
        str(wanted.interval_s),
        "--for-s",
        str(wanted.for_s),
    ]
    timing += ["--networks"] if wanted.networks else []
    for count in wanted.cameras.split(","):
        run = [*_SELF, "--kind", wanted.kind, *timing, "--url", url, "--cameras", count]
        done = subprocess.run(run, capture_output=True, text=True, check=False)
        sys.stdout.write(done.stderr if done.returncode else done.stdout.splitlines()[-1] + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
