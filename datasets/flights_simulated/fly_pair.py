"""Writes a pair of simulated flights with their truth: `python fly_pair.py OUT [--mosaic DIR]`."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from shapely.geometry import box, mapping
from sim_changes import ChangeCounts, two_days
from sim_flight import Plan, fly, truth_json
from sim_ground import Ground, made_ground, mosaic_ground

BEFORE_AT = datetime(2026, 5, 10, 1, 30, tzinfo=UTC)


def write_pair(
    ground: Ground,
    out: Path,
    seed: int,
    *,
    pitch_deg: float = -90.0,
    side_m: float = 120.0,
    rtk: bool = False,
    counts: ChangeCounts | None = None,
    size_px: tuple[int, int] = (1600, 1200),
    part: str = "all",
) -> dict[str, object]:
    """Flies before and after at heights, headings and hours of their own; returns the truth."""
    rng = np.random.default_rng(seed)
    half_m = np.array(ground.size_m) / 2
    # Additions stay within the square; the pictures reach beyond it, and must find ground there.
    room = np.maximum(half_m - side_m / 2 - (15 if pitch_deg < -80 else 40), 0)
    middle = rng.uniform(-room, room)
    if part != "all":  # what was tuned on one half of the ground is measured on the other
        reach = max(room[1] - side_m / 2, 0.0) if room[1] > side_m / 2 else 0.0
        middle[1] = (1 if part == "north" else -1) * (side_m / 2 + rng.uniform(0, reach))
    west, south = middle - side_m / 2
    east, north = middle + side_m / 2
    area = box(west, south, east, north)
    before, after, truth = two_days(ground, counts or ChangeCounts(), seed, area)
    heading = float(rng.uniform(0, 360))
    for scene, name, at in (
        (before, "before", BEFORE_AT),
        (after, "after", BEFORE_AT + timedelta(days=40, hours=5)),
    ):
        plan = Plan(
            area_m=(west, south, east, north),
            height_m=float(rng.uniform(65, 95)),
            heading_deg=heading if pitch_deg > -80 else float(rng.uniform(0, 360)),
            pitch_deg=pitch_deg,
            starts_at=at,
            rtk=rtk,
            size_px=size_px,
        )
        fly(scene, plan, out / name, seed * 2 + (name == "after"))
    told = truth_json(truth, ground.frame)
    corners = ground.frame.to_lon_lat(np.array(area.exterior.coords))
    told["area"] = {"type": "Polygon", "coordinates": [corners.tolist()]}
    told["origin"] = ground.frame.to_lon_lat(np.zeros((1, 2)))[0].tolist()
    told["hectares"] = side_m * side_m / 1e4
    (out / "truth.json").write_text(json.dumps(told, indent=1))
    (out / "buildings.geojson").write_text(json.dumps(_buildings(ground)))
    return told


def _buildings(ground: Ground) -> dict[str, object]:
    features = []
    for building in ground.buildings:
        ring = ground.frame.to_lon_lat(np.array(building.outline.exterior.coords))
        geometry = mapping(type(building.outline)(ring))
        features.append(
            {"type": "Feature", "properties": {"id": building.id}, "geometry": geometry}
        )
    return {"type": "FeatureCollection", "features": features}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mosaic", type=Path, help="folder with banepa_train.jpg; else made up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pitch", type=float, default=-90)
    parser.add_argument("--side", type=float, default=120, help="metres")
    parser.add_argument("--rtk", action="store_true")
    parser.add_argument("--part", default="all", choices=("all", "north", "south"))
    args = parser.parse_args()
    ground = mosaic_ground(args.mosaic) if args.mosaic else made_ground(args.seed)
    write_pair(
        ground,
        args.out,
        args.seed,
        pitch_deg=args.pitch,
        side_m=args.side,
        rtk=args.rtk,
        part=args.part,
    )


if __name__ == "__main__":
    main()
