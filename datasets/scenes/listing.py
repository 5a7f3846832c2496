"""The list of rendered pictures, `set.json`, as `training.own_set` reads it."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manifest import sha256_of


@dataclass(kw_only=True)
class Listing:
    """A set that grows by a picture at a time; the file is whole after each."""

    folder: Path
    name: str
    classes: tuple[str, ...]
    side: str
    """Of a dataset: rendered pictures among the real ones that judge a model would flatter."""
    pictures: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("images", "labels"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, name: str, *, scene: str, light: str, rendered: dict[str, Any]) -> None:
        """A scene is a camera, so that no scene is on two sides."""
        file = f"{name}.jpg"
        self.pictures.append(
            {
                "file": file,
                "camera": scene,
                "day": light,
                "side": self.side,
                "sha256": sha256_of(self.folder / "images" / file),
                "judged": None,
                "rendered": rendered,
            }
        )
        self._write()

    def _write(self) -> None:
        record = {
            "format": 1,
            "name": self.name,
            "licence": "AGPL-3.0-or-later (rendered by this project)",
            "classes": self.classes,
            "labelled": self.classes,
            "pictures": self.pictures,
        }
        (self.folder / "set.json").write_text(json.dumps(record, indent=1) + "\n")


def picture_options(description: str | None) -> argparse.ArgumentParser:
    """What every script that renders pictures is told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=6)
    return parser


def set_options(description: str | None) -> argparse.ArgumentParser:
    """What every script that renders a set is told."""
    parser = picture_options(description)
    parser.add_argument(
        "--side",
        choices=("train", "val", "newest"),
        default="train",
        help="the side of a dataset on which they stand",
    )
    return parser
