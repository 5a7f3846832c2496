"""`xunjie detect` on good and bad pictures."""

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from detector.sources.picture import picture_size

ROOT = Path(__file__).resolve().parents[2]
runner = CliRunner()


def written(path: Path, size=(120, 200)) -> Path:
    image = np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)
    assert cv2.imwrite(str(path), image)
    return path


def bomb(path: Path) -> Path:
    """A PNG whose header promises 20,000 × 20,000 pixels."""
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    path.write_bytes(data + struct.pack(">I", zlib.crc32(chunk)))
    return path


def test_one_json_object_a_picture(tmp_path: Path):
    written(tmp_path / "a.jpg")
    written(tmp_path / "b.png")
    result = runner.invoke(app, ["detect", str(tmp_path), "--model", "covers", "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [(Path(r["file"]).name, r["width"], r["height"]) for r in rows] == [
        ("a.jpg", 200, 120),
        ("b.png", 200, 120),
    ]


def test_bad_pictures_are_named_and_stop_nothing(tmp_path: Path):
    whole = written(tmp_path / "c.jpg")
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:-2000])
    (tmp_path / "text.jpg").write_text("no picture")
    bomb(tmp_path / "bomb.png")
    result = runner.invoke(app, ["detect", str(tmp_path), "--model", "covers", "--json"])
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    for name, reason in (("cut.jpg", "cut short"), ("text.jpg", "not a"), ("bomb.png", "pixels")):
        assert any(name in line and reason in line for line in result.stderr.splitlines())


def test_an_unknown_model_is_named(tmp_path: Path):
    picture = str(written(tmp_path / "a.jpg"))
    result = runner.invoke(app, ["detect", picture, "--model", "nosuch"])
    assert result.exit_code == 2
    assert "nosuch" in result.stderr


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_sizes_come_from_the_header(tmp_path: Path, suffix: str):
    path = written(tmp_path / f"a{suffix}", size=(33, 47))
    assert picture_size(path.read_bytes()) == (47, 33)


@pytest.mark.shared
def test_real_missing_covers_are_seen(shared: Path):
    """Not an accuracy figure (the model may have trained on them): the whole path works."""
    folder = shared / "covers" / "web" / "images"
    result = runner.invoke(app, ["detect", str(folder), "--model", "covers", "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    found = sum(any(d["class"] == "cover_missing" for d in r["detections"]) for r in rows)
    assert found >= 10
