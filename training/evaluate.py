"""Figures of a model on the validation side of a built dataset, by class and origin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.dataset import Dataset, Entry, read_dataset
from training.label import Box, read_boxes
from training.match import (
    PictureMatch,
    average_precision,
    interval,
    match_picture,
    recall_at_false_alarms,
)
from training.predict import Predictions, Predictor

FALSE_ALARMS = 0.1
"""False alarms a picture at which recall is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured for one class, or classes merged, on one origin."""

    name: str
    origin: str  # "all" for every origin together
    pictures: int
    labels: int
    ap50: float
    ap50_95: float
    ap50_low: float  # bootstrap 95 % interval over pictures
    ap50_high: float
    recall_at_01: float  # recall at FALSE_ALARMS a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One validation picture: what is labelled and what the model says."""

    entry: Entry
    boxes: tuple[Box, ...]
    predictions: Predictions
    width: int
    height: int

    def corners_of(self, class_ids: Sequence[int]) -> np.ndarray:
        """(N, 4) corners in pixels of the objects of these classes."""
        return _corners([box for box in self.boxes if box.class_id in class_ids], self)

    def ignored_for(self, dataset: Dataset, class_ids: Sequence[int]) -> np.ndarray:
        """(N, 4) corners of the regions where one of these classes counts neither way."""
        return _corners([box for box in self.boxes if _hides(dataset, box, class_ids)], self)


def look(folder: Path, model: Predictor, split: str = "val") -> tuple[Dataset, list[Seen]]:
    """The model's predictions on every picture of one side."""
    dataset = read_dataset(folder)
    chosen = [entry for entry in dataset.entries if entry.split == split]
    return dataset, look_at(folder, chosen, model)


def look_at(folder: Path, entries: Sequence[Entry], model: Predictor) -> list[Seen]:
    """The model's predictions on these pictures of a dataset. Raises FileNotFoundError for one
    that is missing."""
    seen = []
    for entry in entries:
        image = cv2.imread(str(folder / "images" / entry.split / entry.name))
        if image is None:
            raise FileNotFoundError(f"{folder}: picture {entry.name} is missing")
        labels = (folder / "labels" / entry.split / entry.name).with_suffix(".txt")
        seen.append(
            Seen(
                entry=entry,
                boxes=tuple(read_boxes(labels)),
                predictions=model.predict(image),
                width=image.shape[1],
                height=image.shape[0],
            )
        )
    return seen


def figures(dataset: Dataset, seen: Sequence[Seen], merged: Sequence[str] = ()) -> list[Figure]:
    """Figures of every class with labels, and of `merged` classes taken as one, by origin."""
    names: list[tuple[str, ...]] = [(name,) for name in dataset.classes]
    if merged:
        names.append(tuple(merged))
    found = []
    for group in names:
        pictures = [item for item in seen if set(group) <= set(item.entry.labelled)]
        for origin in ("all", *sorted({item.entry.origin for item in pictures})):
            chosen = [item for item in pictures if origin in ("all", item.entry.origin)]
            matches = [match_seen(dataset, item, group) for item in chosen]
            figure = _figure("+".join(group), origin, matches)
            if not math.isnan(figure.ap50):
                found.append(figure)
    return found


def pooled_figure(
    name: str, dataset: Dataset, seen: Sequence[Seen], classes: Sequence[str]
) -> Figure:
    """Of several classes with their detections in one ranking; each still has to be of the right
    class to hit. For classes too rare to be measured one by one."""
    matches = [
        match_seen(dataset, item, (each,))
        for item in seen
        for each in classes
        if each in item.entry.labelled
    ]
    return _figure(name, "all", matches)


def match_seen(
    dataset: Dataset, item: Seen, group: Sequence[str], right: Sequence[str] = ()
) -> PictureMatch:
    """Matches of one picture with the classes of `group` taken as one; labels of the classes
    `right` are hits for them, by default those of the group."""
    ids = [dataset.classes.index(name) for name in group]
    right_ids = [dataset.classes.index(name) for name in right or group if name in dataset.classes]
    chosen = np.isin(item.predictions.class_id, ids)
    return match_picture(
        item.predictions.xyxy[chosen],
        item.predictions.score[chosen],
        item.corners_of(right_ids),
        item.ignored_for(dataset, ids),
    )


def _hides(dataset: Dataset, box: Box, ids: Sequence[int]) -> bool:
    kind = box.class_id - len(dataset.classes)
    return kind >= 0 and bool(set(ids) & set(dataset.mask_classes[kind]))


def _corners(boxes: Sequence[Box], item: Seen) -> np.ndarray:
    rows = [
        (box.cx - box.w / 2, box.cy - box.h / 2, box.cx + box.w / 2, box.cy + box.h / 2)
        for box in boxes
    ]
    size = np.array([item.width, item.height, item.width, item.height], float)
    return np.asarray(np.array(rows, float).reshape(-1, 4) * size)


def _figure(name: str, origin: str, matches: Sequence[PictureMatch]) -> Figure:
    labels = sum(match.labels for match in matches)
    ap50, ap50_95 = average_precision(matches)
    low, high = interval(matches) if labels else (float("nan"), float("nan"))
    return Figure(
        name=name,
        origin=origin,
        pictures=len(matches),
        labels=labels,
        ap50=round(ap50, 4),
        ap50_95=round(ap50_95, 4),
        ap50_low=round(low, 4),
        ap50_high=round(high, 4),
        recall_at_01=round(recall_at_false_alarms(matches, FALSE_ALARMS), 4),
    )
