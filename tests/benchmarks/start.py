"""Seconds from the start of a process to the first look of any of many cameras.

    python -m tests.benchmarks.start [--cameras 2000] [--restarts 3] [--no-networks]

A first start on an empty data folder, whose engines were never measured, then restarts on what it
left. Each is a process of its own with the whole service but its pages, and the released models;
the cameras are snapshots at 60 s from the server of tests.benchmarks.cameras.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time

from api.config import parse_config
from api.service import Service
from tests.benchmarks.cameras import FirstLook, model, served

_FIRST_S = 45  # long enough for the engines to be measured, too
_AGAIN_S = 15


def start(url: str, folder: str, count: int, for_s: float, *, networks: bool) -> dict[str, float]:
    cameras = [
        {"id": f"c{n}", "url": f"{url}{n}", "kind": "snapshot", "interval_s": 60}
        for n in range(count)
    ]
    raw = {"data_folder": folder, "cameras": cameras, "evidence": {"min_free_bytes": 0}}
    service = Service(parse_config(raw, "many"), detectors=None if networks else [model()])
    first = FirstLook(service)
    service.start()
    time.sleep(for_s)
    service.stop()
    return {"first_look_s": round(first.after_s, 2), "first_look_cpu_s": round(first.cpu_s, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cameras", type=int, default=2000)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--no-networks", action="store_true", help="a model that answers at once")
    parser.add_argument("--start", nargs=3, metavar=("URL", "FOLDER", "S"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.start:
        url, folder, for_s = wanted.start
        told = start(url, folder, wanted.cameras, float(for_s), networks=not wanted.no_networks)
        sys.stdout.write(json.dumps(told) + "\n")
        return
    own = ["--cameras", str(wanted.cameras), *(["--no-networks"] if wanted.no_networks else [])]
    with served("snapshot") as url, tempfile.TemporaryDirectory() as folder:
        for number in range(1 + wanted.restarts):
            lasts_s = str(_AGAIN_S if number else _FIRST_S)
            run = [sys.executable, "-m", "tests.benchmarks.start", *own]
            done = subprocess.run(
                [*run, "--start", url, folder, lasts_s], capture_output=True, text=True, check=True
            )
            what = "restart" if number else "first start"
            sys.stdout.write(f"{what}: {done.stdout.splitlines()[-1]}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
