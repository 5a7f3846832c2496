"""Acceptance figures of drone flights, printed as Markdown.

    python tests/flights/acceptance.py georeference
    python tests/flights/acceptance.py pairs --nadir 3 --oblique 2 [--part south]
    python tests/flights/acceptance.py seoul
    python tests/flights/acceptance.py real
    python tests/flights/acceptance.py long --pictures 20

`pairs` flies over the shared mosaic where it is, else over ground that it makes itself.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import beside
import numpy as np
from fly_pair import write_pair
from real_pairs import CELL_M, Aligned, aligned_pairs
from shapely.geometry import Polygon
from sim_flight import PLAIN, Plan, fly, lens_for
from sim_ground import Ground, made_ground, mosaic_ground
from sim_scene import Scene

from detector.flights.buildings import read_buildings
from detector.flights.change_map import change_map
from detector.flights.change_network import ChangeNetwork
from detector.flights.change_planes import STEP, change_planes
from detector.flights.changes import changes
from detector.flights.comparison import Comparison, compare
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.config import FlightConfig
from detector.flights.features import find_features
from detector.flights.finding import FlightVerdict
from detector.flights.flight_folder import read_flight
from detector.flights.fusing import Source
from detector.flights.ground_window import GroundWindow, rectify
from detector.flights.ingest import ingest
from detector.flights.inspection import origin_of
from detector.flights.likelihood import likelihood_of
from detector.flights.parallax import Lean
from detector.flights.tying import tie_pictures
from detector.geometry.camera_model import View
from detector.geometry.footprint import ground_footprint
from detector.geometry.pose_error import PoseError, error_radii_m, moved

ROOT = beside.ROOT
NETWORK = ROOT / "models" / "rooftop_change"


def shared() -> Path | None:
    folder = Path(os.environ.get("XUNJIE_SHARED", ROOT.parent / "shared")) / "data"
    return folder if folder.is_dir() else None


def out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def georeference(cases: int = 500) -> None:
    """One picture by its telemetry alone: errors drawn as the simulator draws them."""
    out("| pitch | median m | 95 % m | median stated radius m | within the radius |")
    out("|---|---|---|---|---|")
    rng = np.random.default_rng(3)
    e = FlightConfig().errors
    for pitch in (-90, -60, -45):
        away, radii = [], []
        for _ in range(cases):
            true = View(
                lens=lens_for((1600, 1200)),
                east_m=0,
                north_m=0,
                up_m=float(rng.uniform(60, 110)),
                yaw_deg=float(rng.uniform(-180, 180)),
                pitch_deg=pitch,
            )
            told = moved(true, PLAIN.drawn(rng, 0) + PLAIN.drawn(rng, 1))
            error = PoseError(
                east_m=e.position_m,
                north_m=e.position_m,
                up_m=e.height_m + e.height_share * told.up_m,
                yaw_deg=e.yaw_deg,
                pitch_deg=e.pitch_deg,
                roll_deg=e.roll_deg,
                surface_m=e.surface_m,
            )
            pixel = rng.uniform((300, 300), (1300, 900))[None]
            away.append(float(np.hypot(*(told.to_ground(pixel) - true.to_ground(pixel))[0])))
            radii.append(float(error_radii_m(told, error, pixel)[0]))
        inside = np.mean(np.array(away) <= np.array(radii))
        out(
            f"| {pitch}° | {np.median(away):.2f} | {np.percentile(away, 95):.2f} | "
            f"{np.median(radii):.2f} | {inside:.1%} |"
        )


@dataclass
class Tally:
    """Counts over pairs."""

    additions: int = 0
    found: int = 0
    false_new: int = 0
    on_paint: int = 0
    removals: int = 0
    removals_found: int = 0
    hectares: float = 0.0
    errors_m: list[float] | None = None
    inside: int = 0
    area_ratios: list[float] | None = None

    def add(self, other: Tally) -> None:
        for name in ("additions", "found", "false_new", "on_paint", "removals", "removals_found"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.hectares += other.hectares
        self.inside += other.inside
        self.errors_m = (self.errors_m or []) + (other.errors_m or [])
        self.area_ratios = (self.area_ratios or []) + (other.area_ratios or [])

    def row(self, name: str) -> str:
        errors = self.errors_m or [float("nan")]
        return (
            f"| {name} | {self.found}/{self.additions} | {self.false_new} "
            f"({self.false_new / max(self.hectares, 1e-9):.2f}/ha) | {self.on_paint} | "
            f"{self.removals_found}/{self.removals} | {np.median(errors):.2f} | "
            f"{self.inside}/{self.found} | {np.median(self.area_ratios or [np.nan]):.2f} |"
        )


HEAD = (
    "| pair | additions found | false new | of them on paint | removals found | position error m "
    "(median) | within radius | area found : true |\n|---|---|---|---|---|---|---|---|"
)


def pairs(nadir: int, oblique: int, part: str, seed: int, keep: Path | None, network: Path) -> None:
    """Simulated pairs with exact truth."""
    data = shared()
    ground = mosaic_ground(data / "rooftop" / "mosaic") if data else None
    out(HEAD)
    for pitch, count in ((-90.0, nadir), (-45.0, oblique)):
        total = Tally()
        for i in range(count):
            number = seed + i + (100 if pitch > -80 else 0)
            tally = one_pair(ground or made_ground(number), number, pitch, part, keep, network)
            total.add(tally)
            out(tally.row(f"{pitch:.0f}° #{number}"))
        if count:
            out(total.row(f"**{pitch:.0f}° all, {total.hectares:.1f} ha**"))


def one_pair(
    ground: Ground, seed: int, pitch: float, part: str, keep: Path | None, network: Path
) -> Tally:
    with tempfile.TemporaryDirectory() as temporary:
        folder = (keep or Path(temporary)) / f"pair{seed}"
        if not (folder / "truth.json").exists():
            write_pair(ground, folder, seed, pitch_deg=pitch, part=part)
        return measured(folder, network)


def measured(folder: Path, network: Path) -> Tally:
    """Compares a written pair and holds it against its truth."""
    config = ComparisonConfig()
    base, work = folder / "base", folder / "compared"
    ingest(folder / "before", base, config.flight)
    comparison = compare(
        base,
        folder / "after",
        work,
        config,
        ChangeNetwork(network),
        lambda record: read_buildings(folder / "buildings.geojson", record.frame),
    )
    return tallied(comparison, folder)


def tallied(comparison: Comparison, folder: Path) -> Tally:
    """Holds a comparison against the truth that lies in its pair's folder."""
    frame = comparison.baseline.frame
    truth = json.loads((folder / "truth.json").read_text())

    def placed(geometry: dict) -> Polygon:
        return Polygon(frame.to_local(np.array(geometry["coordinates"][0])))

    area = placed(truth["area"])
    tally = Tally(hectares=truth["hectares"], errors_m=[], area_ratios=[])
    news = [f for f in comparison.findings if f.verdict is FlightVerdict.NEW]
    gone = [f for f in comparison.findings if f.verdict is FlightVerdict.REMOVED]
    outlines = [Polygon(frame.to_local(np.array(f.ring))) for f in news]
    used: set[int] = set()
    for one in truth["added"]:
        if one["area_m2"] < 6:
            continue
        tally.additions += 1
        true = placed(one["geometry"])
        hits = [i for i, o in enumerate(outlines) if meets(o, true)]
        used.update(hits)
        if hits:
            best = max(hits, key=lambda i: outlines[i].intersection(true).area)
            away = outlines[best].centroid.distance(true.centroid)
            tally.found += 1
            tally.errors_m.append(away)
            tally.inside += away <= news[best].position.error_radius_m
            tally.area_ratios.append(outlines[best].area / true.area)
    paint = [placed(g) for g in truth["recoloured"]]
    for i, outline in enumerate(outlines):
        if i in used or not area.contains(outline.centroid):
            continue
        tally.false_new += 1
        tally.on_paint += any(outline.intersection(p).area > 0.3 * outline.area for p in paint)
    for one in truth["removed"]:
        true = placed(one["geometry"])
        tally.removals += 1
        tally.removals_found += any(
            meets(Polygon(frame.to_local(np.array(f.ring))), true) for f in gone
        )
    return tally


def meets(found: Polygon, true: Polygon) -> bool:
    """On the same ground within what a receiver may be off: their middles within 6 m and half of
    the smaller one on the larger, once the flight's common shift is allowed for."""
    reach = found.buffer(2.0)
    return found.centroid.distance(true.centroid) < 6 and reach.intersection(true).area > 0.5 * min(
        true.area, reach.area
    )


def seoul(network_folder: Path = NETWORK, only: tuple[str, ...] = ()) -> None:
    """Real before and after pictures: aligned by features, compared, held against the labels."""
    data = shared()
    if data is None:
        raise SystemExit("the shared pictures are absent (XUNJIE_SHARED)")
    out("| pair | alignment m | labelled changes | new found on them | new found elsewhere |")
    out("|---|---|---|---|---|")
    network = ChangeNetwork(network_folder)
    for pair in aligned_pairs(data / "rooftop" / "seoul", only):
        hits: dict[str, int] = {}
        elsewhere = 0
        for outline in real_new(pair, network):
            names = [
                kind
                for kind, box in pair.labels
                if box.intersection(outline).area > 0.3 * outline.area
            ]
            elsewhere += not names
            for name in names[:1]:
                hits[name] = hits.get(name, 0) + 1
        told = ", ".join(kind for kind, _ in pair.labels)
        on = ", ".join(f"{n} on {k}" for k, n in hits.items()) or "none"
        out(f"| {pair.name} | {pair.error_m:.2f} | {told} | {on} | {elsewhere} |")


def real_new(pair: Aligned, network: ChangeNetwork) -> list[Polygon]:
    """What the comparison would call new, in cells. Straight down, so nothing moves to its foot."""
    config = ComparisonConfig()
    planes = change_planes(change_map(pair.before, pair.after, pair.valid, CELL_M), pair.valid)
    height, width = planes.shape[1] * STEP, planes.shape[2] * STEP
    window = GroundWindow(west_cell=0, north_cell=height, width=width, height=height, cell_m=CELL_M)
    quality = np.zeros((height, width), np.uint8)
    quality[: pair.valid.shape[0], : pair.valid.shape[1]] = pair.valid * 255
    high = View(
        lens=lens_for((1600, 1200)), east_m=0, north_m=0, up_m=1e6, yaw_deg=0, pitch_deg=-90
    )
    seen = likelihood_of(network(planes), planes, quality, window, high, 0.0)
    source = Source(window=seen.window, lean=Lean.of(high, 0.0), read=lambda: seen)
    found = changes({pair.name: source}, config.candidate, config.min_score)
    return [
        Polygon(window.to_cells(np.array(one.outline.exterior.coords)))
        for one in found
        if one.new and config.min_area_m2 <= one.area_m2 <= config.max_area_m2
    ]


def real() -> None:
    """Two real overlapping photographs: how far their telemetry puts the same points apart."""
    data = shared()
    if data is None:
        raise SystemExit("the shared photographs are absent (XUNJIE_SHARED)")
    apart, radius = overlap_apart(data / "flights" / "photos" / "brighton")
    out("| matched points | apart m, median | 95 % | stated radius of the difference m | within |")
    out("|---|---|---|---|---|")
    out(
        f"| {len(apart)} | {np.median(apart):.2f} | {np.percentile(apart, 95):.2f} | {radius:.2f} "
        f"| {np.mean(apart <= radius):.1%} |"
    )


def overlap_apart(folder: Path) -> tuple[np.ndarray, float]:
    """Distances (N,) between where two pictures put the same points, and the radius (95 %) that
    both pictures' own radii give for such a difference."""
    config = FlightConfig(time_zone="UTC")
    flight = read_flight(folder, config)
    frame = origin_of(flight)
    views, features, errors = [], [], []
    for shot in flight.shots:
        view = shot.view(frame, config)
        window = GroundWindow.around(ground_footprint(view), 0.06)
        features.append(find_features(*rectify(shot.read(), view, window), window, most=4000))
        views.append(view)
        errors.append(shot.pose_error(config))
    ties = tie_pictures(views, features, 12.0)
    first, second = (
        views[ties[0].one].to_ground(ties[0].one_px),
        views[ties[0].other].to_ground(ties[0].other_px),
    )
    radii = [
        error_radii_m(views[ties[0].one], errors[0], ties[0].one_px),
        error_radii_m(views[ties[0].other], errors[1], ties[0].other_px),
    ]
    return np.hypot(*(first - second).T), float(np.median(np.hypot(*radii)))


def long(pictures: int) -> None:
    """12-megapixel photographs (rendered smaller and enlarged) through ingest and compare; the
    process's own peak memory."""
    ground = made_ground(5, side_m=170)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scene = Scene.of(ground)
        half = 20.0 + 1.2 * pictures**0.5
        plan = Plan(
            area_m=(-half, -half, half, half),
            height_m=70,
            overlap=1 - 1.9 / max(pictures, 4) ** 0.5,
            size_px=(4000, 3000),
            enlarge=3,
            starts_at=datetime(2026, 5, 1, tzinfo=UTC),
        )
        for name, seed in (("before", 1), ("after", 2)):
            fly(scene, plan, folder / name, seed)
        made = len(list((folder / "before").glob("*.JPG")))
        child = os.fork()
        if child == 0:
            long_run(folder, made)
            os._exit(0)
        os.waitpid(child, 0)


def long_run(folder: Path, made: int) -> None:
    started, cpu = time.monotonic(), time.process_time()
    ingest(folder / "before", folder / "base", FlightConfig())
    ingested, ingest_cpu = time.monotonic(), time.process_time()
    compare(
        folder / "base",
        folder / "after",
        folder / "work",
        ComparisonConfig(),
        ChangeNetwork(NETWORK),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    out(
        "| pictures of 12 MP | ingest s a picture | of processor | compare s a picture "
        "| of processor | peak memory GiB |"
    )
    out("|---|---|---|---|---|---|")
    out(
        f"| {made} | {(ingested - started) / made:.2f} | {(ingest_cpu - cpu) / made:.2f} | "
        f"{(time.monotonic() - ingested) / made:.2f} | "
        f"{(time.process_time() - ingest_cpu) / made:.2f} | {peak:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("georeference", "pairs", "seoul", "real", "long"))
    parser.add_argument("--nadir", type=int, default=3)
    parser.add_argument("--oblique", type=int, default=2)
    parser.add_argument("--part", default="south", choices=("all", "north", "south"))
    parser.add_argument("--seed", type=int, default=500)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="keep the written pairs here")
    parser.add_argument("--network", type=Path, default=NETWORK, help="other weights")
    parser.add_argument("--only", nargs="*", default=[], help="seoul: pairs")
    args = parser.parse_args()
    if args.what == "pairs":
        pairs(args.nadir, args.oblique, args.part, args.seed, args.keep, args.network)
    elif args.what == "long":
        long(args.pictures)
    elif args.what == "seoul":
        seoul(args.network, tuple(args.only))
    else:
        {"georeference": georeference, "real": real}[args.what]()


if __name__ == "__main__":
    main()
