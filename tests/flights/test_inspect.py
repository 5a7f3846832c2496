"""`xunjie flight inspect` on photographs made here, on a video, and on the real ones."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from shapely.geometry import Point, shape
from sim_photo import photo
from typer.testing import CliRunner

from api.flight_commands import flight_app

AT = datetime(2026, 9, 1, 10, 30, tzinfo=UTC)
BOUNDS = "118.4,33.9,119.9,35.2"


@pytest.fixture
def folder(tmp_path) -> Path:
    where = tmp_path / "estate"
    where.mkdir()
    for i in range(3):
        photo(
            where / f"DJI_{i:04}.JPG",
            AT + timedelta(seconds=i),
            {
                "GpsLatitude": f"{34.6 + i * 1e-4:.7f}",
                "GpsLongtitude": "119.2000000",
                "RelativeAltitude": "+80.0",
                "GimbalPitchDegree": "-90.0",
                "GimbalYawDegree": "0.0",
                "CalibratedFocalLength": "56",
            },
        )
    (where / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    return where


def run(*arguments: str):
    return CliRunner().invoke(flight_app, ["inspect", *arguments], env={"COLUMNS": "200"})


def test_json_gives_pose_position_and_footprint(folder, tmp_path):
    page = tmp_path / "map.html"
    result = run(str(folder), "--json", "--map", str(page), "--bounds", BOUNDS)
    assert result.exit_code == 1  # one file cannot be used, and is named
    assert "broken.jpg" in result.stderr
    rows = json.loads(result.stdout)
    assert [row["file"] for row in rows] == ["DJI_0000.JPG", "DJI_0001.JPG", "DJI_0002.JPG"]
    first = rows[0]
    assert first["position"]["x"] == pytest.approx(119.2, abs=1e-7)
    assert 2 < first["position"]["error_radius_m"] < 6
    assert shape(first["footprint"]).contains(Point(119.2, 34.6))
    assert first["footprint_m2"] == pytest.approx(80 * 60 * (80 / 56) ** 2, rel=0.01)
    text = page.read_text()
    assert text.count("<polygon") == 3
    assert "http" not in text


def test_the_table_lists_every_picture(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(str(folder))
    assert result.stdout.count("DJI_000") == 3
    assert (tmp_path / "estate-footprints.html").is_file()


def test_a_video_with_subtitles_is_a_flight_too(tmp_path):
    where = tmp_path / "video"
    where.mkdir()
    with av.open(str(where / "DJI_0001.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 160, 120
        for i in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), i * 8, np.uint8), "bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (where / "DJI_0001.SRT").write_text(
        "".join(
            f"{i + 1}\n00:00:{i:02},000 --> 00:00:{i + 1:02},000\n2026-09-01 10:30:{i:02}.000\n"
            f"[latitude: {34.6 + i * 1e-4:.6f}] [longitude: 119.2] [rel_alt: 60.0]\n\n"
            for i in range(6)
        )
    )
    rows = json.loads(run(str(where), "--json", "--map", str(tmp_path / "m.html")).stdout)
    assert [row["file"] for row in rows] == [f"DJI_0001.mp4@{t}.0s" for t in (0, 2, 4)]
    assert rows[1]["pose"]["lat_deg"] == pytest.approx(34.6002)
    assert any("no gimbal pitch" in remark for remark in rows[0]["remarks"])


@pytest.mark.parametrize(
    ("arguments", "said"), [(["nowhere"], "not a folder"), (["--bounds", "1,2", "."], "--bounds")]
)
def test_bad_arguments_are_named(arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_empty_folder_is_refused(tmp_path):
    result = run(str(tmp_path))
    assert result.exit_code == 2
    assert "no photographs" in result.stderr


def test_real_photographs(shared: Path, tmp_path):
    rows = json.loads(
        run(str(shared / "flights" / "photos"), "--json", "--map", str(tmp_path / "m.html")).stdout
    )
    by_name = {Path(row["file"]).name: row for row in rows}
    brighton = by_name["DJI_0018.JPG"]
    assert brighton["pose"]["gimbal_yaw_deg"] == 45
    assert brighton["position"]["x"] == pytest.approx(-91.99456, abs=1e-4)
    assert brighton["position"]["error_radius_m"] < 6
    agung = by_name["DJI_20251001213509_0003_D_LENS_CAP.JPG"]
    assert agung["pose"]["lat_deg"] == pytest.approx(-8.30395, abs=1e-4)
    assert agung["position"]["error_radius_m"] > 15
    overlap = shape(brighton["footprint"]).intersection(shape(by_name["DJI_0019.JPG"]["footprint"]))
    assert overlap.area > 0.5 * shape(brighton["footprint"]).area
