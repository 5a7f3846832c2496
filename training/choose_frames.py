"""Frames of recordings and picture folders, chosen for labelling or as negatives by a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from detector.sources.recording import Recording
from detector.types.taxonomy import violations_of
from training.choose import ChoiceRule, Chosen, Frame, choose, loudness_of, uncertainty_of
from training.label import Box, box_from_corners
from training.own_set import Incoming, OwnSet, read_own_set, safe_stem, write_own_set
from training.phash import hash_of_file, picture_hash
from training.picture_set import PICTURE_SUFFIXES
from training.predict import Predictions, Predictor
from training.released import network_of, released_manifest

VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".ts")
JPEG_QUALITY = 95
SEEN_FROM = 0.05
"""Weaker detections are no doubt."""
LICENCE = "the city's own footage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """Where frames are taken from. A file or folder is one camera, named as it is."""

    paths: tuple[Path, ...]
    interval_s: float = 10.0  # between two frames of a video


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A frame and what the model sees in it."""

    camera: str
    day: str
    name: str
    image: np.ndarray
    seen: Predictions

    def as_frame(self, interest: float) -> Frame:
        return Frame(
            camera=self.camera,
            day=self.day,
            name=self.name,
            interest=interest,
            phash=picture_hash(self.image),
        )


def choose_frames(
    footage: Footage, model: Path, out: Path, rule: ChoiceRule, known: Sequence[Path] = ()
) -> tuple[OwnSet, list[Chosen]]:
    """Write the chosen frames as a set whose labels are proposals to be corrected.

    `known` are sets that exist already: what looks like a picture of theirs is no news.
    """
    manifest, network = released_manifest(model), network_of(model)
    limits = [manifest.thresholds[name] for name in manifest.classes]
    frames: list[Frame] = []
    boxes: dict[str, tuple[Box, ...]] = {}
    pictures: dict[str, bytes] = {}
    for look in _looks(footage, network):
        doubt = uncertainty_of(look.seen, manifest.classes, manifest.thresholds)
        frames.append(look.as_frame(doubt))
        height, width = look.image.shape[:2]
        boxes[look.name] = tuple(_proposals(look.seen, limits, width, height))
        pictures[look.name] = _jpeg(look.image)
    chosen = choose(frames, rule, [value for folder in known for value in _hashes(folder)])
    incoming = [_incoming(item, pictures, boxes[item.frame.name]) for item in chosen]
    classes = manifest.classes
    own = write_own_set(out, "proposals", LICENCE, classes, classes, incoming)
    return own, chosen


def loudest_frames(
    footage: Footage, model: Path, out: Path, per_day: int
) -> tuple[OwnSet, list[Chosen]]:
    """Write a set of negatives: of footage without any violation, the frames of each camera's day
    in which the model came nearest to telling one, if it came anywhere near."""
    manifest, network = released_manifest(model), network_of(model)
    watched = violations_of(manifest.name)
    frames: list[Frame] = []
    pictures: dict[str, bytes] = {}
    for look in _looks(footage, network):
        loud = loudness_of(look.seen, manifest.classes, manifest.thresholds, watched)
        if loud > 0:
            frames.append(look.as_frame(loud))
            pictures[look.name] = _jpeg(look.image)
    rule = ChoiceRule(per_day=per_day, total=len(frames) or 1, novelty_weight=0, least_novelty=0)
    chosen = choose(frames, rule)
    incoming = [_incoming(item, pictures) for item in chosen]
    classes = manifest.classes
    own = write_own_set(out, "empty_footage", LICENCE, classes, watched, incoming)
    return own, chosen


def _looks(footage: Footage, network: Predictor) -> Iterator[_Look]:
    for number, (camera, at, image) in enumerate(frames_of(footage)):
        yield _Look(
            camera=camera,
            day=f"{at:%Y-%m-%d}",
            name=safe_stem(f"{camera}_{at:%Y%m%dT%H%M%S}_{number:06}"),
            image=image,
            seen=network.predict(image, floor=SEEN_FROM),
        )


def _incoming(item: Chosen, pictures: dict[str, bytes], boxes: tuple[Box, ...] = ()) -> Incoming:
    return Incoming(
        stem=item.frame.name,
        suffix=".jpg",
        data=pictures[item.frame.name],
        camera=item.frame.camera,
        day=item.frame.day,
        boxes=boxes,
    )


def frames_of(footage: Footage) -> Iterator[tuple[str, datetime, np.ndarray]]:
    """Camera, time and BGR picture; times of pictures, and of videos' starts, are their files'."""
    for path in footage.paths:
        starts_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if path.is_dir():
            yield from _pictures(path)
        elif path.suffix.lower() in VIDEOS:
            recording = Recording(
                path=path,
                source_id=path.stem,
                interval_s=footage.interval_s,
                starts_at=starts_at,
            )
            for frame in recording.frames():
                yield path.stem, frame.captured_at, np.asarray(frame.image)
        else:
            raise ValueError(f"{path}: neither a folder of pictures nor a video")


def _pictures(folder: Path) -> Iterator[tuple[str, datetime, np.ndarray]]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICTURE_SUFFIXES:
            image = cv2.imread(str(path))
            if image is None:
                raise ValueError(f"{path}: not a readable picture")
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield folder.name, at, np.asarray(image)


def _proposals(
    seen: Predictions, limits: Sequence[float], width: int, height: int
) -> Iterator[Box]:
    for corners, score, class_id in zip(seen.xyxy, seen.score, seen.class_id, strict=True):
        if score < limits[int(class_id)]:
            continue
        x1, y1, x2, y2 = corners.tolist()
        box = box_from_corners(int(class_id), x1 / width, y1 / height, x2 / width, y2 / height)
        if box is not None:
            yield box


def _hashes(folder: Path) -> list[int]:
    own = read_own_set(folder)
    return [hash_of_file(folder / "images" / picture.file) for picture in own.pictures]


def _jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
