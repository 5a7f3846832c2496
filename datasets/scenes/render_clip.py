"""Render one of the demo clips with its ground truth.

    python datasets/scenes/render_clip.py corner_day --frames-folder FOLDER

Frames already in the folder are kept, so that a stopped rendering goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from blend import Studio
from boxes import boxes_of
from corner import cover_things
from finish import Finish, develop, gain_for
from manifest import write_manifest
from story import Story, make_story
from thing import Thing
from video import encode
from zones import calibration, ground_line, ground_polygon

CLIPS = Path(__file__).resolve().parent / "clips"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=("corner_day", "corner_dusk", "cover_missing"))
    parser.add_argument("--frames-folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=CLIPS)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--crf", type=int, default=30)
    parser.add_argument("--only", type=float, nargs="*", help="seconds to render as a trial")
    args = parser.parse_args()
    story = make_story(args.name)
    folder: Path = args.frames_folder / story.name
    folder.mkdir(parents=True, exist_ok=True)
    count = int(story.duration_s / story.interval_s) + 1
    times = args.only if args.only is not None else [k * story.interval_s for k in range(count)]
    _render(story, times, folder, args.samples)
    if args.only is None:
        _publish(story, times, folder, args.out, args.crf)


def _stem(folder: Path, t_s: float) -> Path:
    return folder / f"{round(t_s * 10):06d}"


def _render(story: Story, times: list[float], folder: Path, samples: int) -> None:
    lens = story.corner.lens
    studio = Studio(samples=samples, size_px=(lens.width_px, lens.height_px))
    studio.camera(lens)
    for thing in story.corner.fixed:
        studio.put(thing, 0)
    finish = Finish(
        key=0.1 if story.night else 0.22, haze_per_m=0.0015, noise=0.016 if story.night else 0.007
    )
    gain: float | None = None
    for t_s in times:
        stem = _stem(folder, t_s)
        if stem.with_suffix(".json").exists():
            gain = json.loads(stem.with_suffix(".json").read_text())["gain"]
            continue
        gain = _frame(studio, story, t_s, stem, finish, gain)
        print(f"{story.name} {t_s:.0f}/{story.duration_s:.0f} s", flush=True)


def _frame(
    studio: Studio, story: Story, t_s: float, stem: Path, finish: Finish, gain: float | None
) -> float:
    studio.light(story.light_at(t_s))
    objects: list[Any] = []
    numbered: dict[int, list[Thing]] = {}
    for k, place in enumerate(story.corner.covers):
        state = story.cover_state_at(place.name, t_s) or place.state
        things = cover_things(replace(place, state=state), story.corner.street, story.seed + k)
        numbered[k + 1] = things[:1]
        for n, thing in enumerate(things):
            objects += studio.put(thing, k + 1 if n == 0 else 0)
    for k, group in enumerate(story.actors_at(t_s)):
        numbered[100 + k] = group
        for thing in group:
            objects += studio.put(thing, 100 + k)
    shot = studio.shoot(round(t_s * 10) + 1)
    studio.take_out(objects)
    wanted = gain_for(shot.rgb, finish.key)
    gain = wanted if gain is None else gain + 0.35 * (wanted - gain)
    picture = develop(shot.rgb, shot.depth_m, finish, gain, round(t_s * 10))
    cv2.imwrite(str(stem.with_suffix(".png")), picture)
    boxes = [
        {"class": b.label, "track": b.track, "xyxy_px": list(b.xyxy_px), "visible": b.visible}
        for b in boxes_of(np.asarray(shot.index), numbered, story.corner.lens)
    ]
    stem.with_suffix(".json").write_text(json.dumps({"gain": gain, "t_s": t_s, "boxes": boxes}))
    return gain


def _publish(story: Story, times: list[float], folder: Path, out: Path, crf: int) -> None:
    """The clip, its truth beside it, and the manifest of all clips."""
    clip = out / f"{story.name}.mp4"
    out.mkdir(parents=True, exist_ok=True)
    encode(
        [(t, _stem(folder, t).with_suffix(".png")) for t in times],
        clip,
        interval_s=story.interval_s,
        crf=crf,
    )
    frames = [json.loads(_stem(folder, t).with_suffix(".json").read_text()) for t in times]
    truth = _truth(story, [{"t_s": f["t_s"], "boxes": f["boxes"]} for f in frames])
    (out / f"{story.name}.truth.json").write_text(json.dumps(truth, separators=(",", ":")) + "\n")
    write_manifest(out)


def _truth(story: Story, frames: list[dict[str, Any]]) -> dict[str, Any]:
    lens, s = story.corner.lens, story.corner.street
    left, right = s.side_x_m - s.side_width_m / 2, s.side_x_m + s.side_width_m / 2
    zones = {
        "road": ground_polygon(lens, [(-60, 0), (60, 0), (60, s.road_m), (-60, s.road_m)]),
        "pavement": ground_polygon(
            lens, [(-60, s.road_m), (left, s.road_m), (left, s.front_y_m), (-60, s.front_y_m)]
        ),
        "pavement_right": ground_polygon(
            lens, [(right, s.road_m), (60, s.road_m), (60, s.front_y_m), (right, s.front_y_m)]
        ),
        "permitted": ground_polygon(lens, list(story.permitted_m)) if story.permitted_m else [],
    }
    return {
        "clip": f"{story.name}.mp4",
        "width_px": lens.width_px,
        "height_px": lens.height_px,
        "interval_s": story.interval_s,
        "duration_s": frames[-1]["t_s"],
        "seed": story.seed,
        "camera_height_m": lens.height_m,
        "zones_px": {k: v for k, v in zones.items() if len(v) >= 3},
        "shop_front_line_px": ground_line(lens, s.front_y_m),
        "calibration": calibration(lens),
        "events": list(story.events),
        "frames": frames,
    }


if __name__ == "__main__":
    main()
