"""Training patches as whole flights propose them: `python flight_patches.py OUT --mosaic DIR`.

Flies dense pairs, takes each through `ingest` and the comparison up to its judge, and labels every
proposed piece by the truth. So patches carry what a flight really does to them: a baseline put
together from several views, the registration that was found, pieces that join neighbours or hold
half a roof. Pieces that mix a structure with something else are kept with the label -1.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from change_patches import label_of, looked_at
from fly_pair import write_pair
from shapely import affinity
from shapely.geometry import Polygon
from sim_changes import ChangeCounts
from sim_ground import Ground, made_ground, mosaic_ground

from detector.flights.change_network import patch_of
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.errors import RegistrationRefused
from detector.flights.flight_folder import read_flight
from detector.flights.flight_record import FlightRecord, ViewRecord, tiles_of
from detector.flights.ingest import ingest
from detector.flights.judged import judged_as
from detector.flights.picture_comparison import PictureComparison
from detector.flights.sighting import PictureResult, Sighting
from detector.types import PictureError

DENSE = ChangeCounts(
    additions=24,
    removals=18,
    recolours=18,
    cars=25,
    laundry=18,
    tanks=18,
    panels=24,
    shadows=40,
    tall=8,
    lowest_sun_deg=18,
)


@dataclass(kw_only=True)
class Looks:
    """What one compared flight proposed. `sightings`: as one that came, as one that went;
    `results` are the pictures without sightings; `picture`: row of `results` for each look."""

    patches: list[np.ndarray] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sightings: list[tuple[Sighting, Sighting]] = field(default_factory=list)
    picture: list[int] = field(default_factory=list)
    results: list[PictureResult] = field(default_factory=list)


def looks(folder: Path) -> Looks:
    """Takes a pair that `write_pair` wrote through the pipeline up to the judge."""
    config = ComparisonConfig()
    record = ingest(folder / "before", folder / "base", config.flight)
    added, removed = placed_truth(folder, record)
    comparison = PictureComparison(
        tiles=tiles_of(folder / "base", record.cell_m),
        frame=record.frame,
        config=config,
        network=lambda _: np.zeros((0, 3)),
    )
    told = Looks()
    for shot in read_flight(folder / "after", config.flight).shots:
        try:
            proposed = comparison.proposed(shot)
        except (PictureError, RegistrationRefused) as error:
            sys.stdout.write(f"{shot.name}: {error}\n")
            continue
        for one in proposed.found:
            as_new, as_gone = (
                comparison.sighting(
                    shot, judged_as(one, proposed.planes, record.cell_m, *scores), proposed
                )
                for scores in ((1.0, 0.0), (0.0, 1.0))
            )
            # Judged by the piece as it was proposed, before its sides were looked for.
            ring = proposed.window.to_ground(one.corners)
            spots = looked_at(ring, proposed.registration.view)
            label = label_of(spots, added, removed)
            told.patches.append(patch_of(one, proposed.planes, record.cell_m).astype(np.float16))
            told.labels.append(-1 if label is None else label)
            told.sightings.append((as_new, as_gone))
            told.picture.append(len(told.results))
        told.results.append(
            PictureResult(
                picture=shot.name,
                captured_at=shot.captured_at,
                view=ViewRecord.of(proposed.registration.view),
                registration_error_m=proposed.registration.error_m,
                matches=proposed.registration.matches,
                seen=proposed.seen,
            )
        )
    return told


def placed_truth(folder: Path, record: FlightRecord) -> tuple[list[Polygon], list[Polygon]]:
    """What came and what went, in metres of the baseline and shifted as its receiver erred."""
    truth = json.loads((folder / "truth.json").read_text())
    true = json.loads((folder / "before" / "poses.json").read_text())
    origin = record.frame.to_local(np.array([truth["origin"]]))[0]
    away = [
        np.array([p.view.east_m, p.view.north_m])
        - origin
        - [true[p.name]["east_m"], true[p.name]["north_m"]]
        for p in record.pictures
        if p.view is not None
    ]
    shift = np.median(away, axis=0)

    def placed(geometry: dict) -> Polygon:
        outline = Polygon(record.frame.to_local(np.array(geometry["coordinates"][0])))
        return affinity.translate(outline, *shift)

    return (
        [placed(s["geometry"]) for s in truth["added"]],
        [placed(s["geometry"]) for s in truth["removed"]],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mosaic", type=Path)
    parser.add_argument("--part", default="north", choices=("all", "north", "south"))
    parser.add_argument("--seed", type=int, default=3000)
    parser.add_argument("--flights", type=int, default=4)
    parser.add_argument("--side", type=float, default=110, help="metres")
    parser.add_argument("--keep", type=Path, help="keep pairs and looks here")
    parser.add_argument("--plain", action="store_true", help="counts of the acceptance pairs")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    parts: list[Looks] = []
    for seed in range(args.seed, args.seed + args.flights):
        ground: Ground = mosaic_ground(args.mosaic) if args.mosaic else made_ground(seed)
        with tempfile.TemporaryDirectory() as temporary:
            folder = (args.keep or Path(temporary)) / f"pair{seed}"
            if not (folder / "truth.json").exists():
                write_pair(
                    ground,
                    folder,
                    seed,
                    pitch_deg=-45.0 if seed % 4 == 3 else -90.0,
                    side_m=args.side,
                    counts=ChangeCounts() if args.plain else DENSE,
                    part=args.part,
                )
            told = looks(folder)
            if args.keep:
                (folder / "looks.pickle").write_bytes(pickle.dumps(told))
        parts.append(told)
        counts = np.bincount(np.array(told.labels) + 1, minlength=4).tolist()
        sys.stdout.write(f"pair {seed}: {len(told.results)} pictures, {counts}\n")
        sys.stdout.flush()
        args.out.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            args.out,
            patches=np.array([p for t in parts for p in t.patches], np.float16),
            labels=np.array([n for t in parts for n in t.labels], np.int64),
        )


if __name__ == "__main__":
    main()
