"""Photographs' and videos' telemetry in the forms that the field produces."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sim_photo import exif, jpeg, with_segments, xmp

from detector.flights.city_bounds import CityBounds
from detector.flights.dji_srt import read_srt
from detector.flights.dji_xmp import read_photo_telemetry
from detector.flights.errors import TelemetryError
from detector.flights.telemetry_csv import read_telemetry_csv

AT = datetime(2026, 9, 1, 10, 30, tzinfo=UTC)
CITY = CityBounds(west_deg=118.4, south_deg=33.9, east_deg=119.9, north_deg=35.2)
TAGS = {
    "GpsLatitude": "+34.6000000",
    "GpsLongtitude": "+119.2000000",
    "RelativeAltitude": "+80.50",
    "AbsoluteAltitude": "+85.2",
    "GimbalYawDegree": "-12.5",
    "GimbalPitchDegree": "-90.00",
    "GimbalRollDegree": "+0.00",
    "FlightYawDegree": "-13.0",
    "CalibratedFocalLength": "3666.66",
    "DewarpData": "2020-01-01;3657.1,3657.9,-12.1,8.3,-0.27,0.11,0.0004,-0.0005,-0.03",
    "RtkFlag": "50",
    "RtkStdLon": "0.012",
    "RtkStdLat": "0.014",
    "RtkStdHgt": "0.03",
}


def told_by(*segments: bytes, bounds: CityBounds | None = None):
    data = with_segments(jpeg(np.zeros((8, 8, 3), np.uint8)), *segments)
    return read_photo_telemetry(data, bounds, UTC)


@pytest.mark.parametrize("elements", [False, True])
def test_a_photograph_tells_pose_lens_and_receiver(elements):
    told = told_by(exif(AT), xmp(TAGS, elements=elements), bounds=CITY)
    assert (told.lon_deg, told.lat_deg) == (119.2, 34.6)
    assert told.captured_at == AT
    assert told.height_above_takeoff_m == 80.5
    assert told.gimbal_yaw_deg == -12.5
    assert told.dewarp is not None
    assert told.dewarp[:4] == (3657.1, 3657.9, -12.1, 8.3)
    assert (told.rtk_flag, told.position_sigma_m, told.height_sigma_m) == (50, 0.014, 0.03)
    assert told.remarks == ()


def test_swapped_coordinates_are_recognised_by_the_city():
    tags = TAGS | {"GpsLatitude": "70.2", "GpsLongtitude": "34.6"}
    north = CityBounds(west_deg=70, south_deg=34, east_deg=71, north_deg=35)
    told = told_by(xmp(tags), bounds=north)
    assert (told.lon_deg, told.lat_deg) == (70.2, 34.6)
    assert "swapped" in told.remarks[0]


def test_coordinates_swapped_beyond_their_ranges_need_no_bounds():
    told = told_by(xmp(TAGS | {"GpsLatitude": "119.2", "GpsLongtitude": "34.6"}))
    assert (told.lon_deg, told.lat_deg) == (119.2, 34.6)


def test_a_foreign_place_is_named_and_kept():
    told = told_by(xmp(TAGS), bounds=CityBounds(west_deg=0, south_deg=0, east_deg=1, north_deg=1))
    assert told.lon_deg == 119.2
    assert "outside the city's bounds" in told.remarks


def test_exif_stands_in_where_xmp_has_no_position():
    told = told_by(exif(AT, -91.9945, 46.8426), xmp({"GimbalPitchDegree": "-45"}))
    assert told.lon_deg == pytest.approx(-91.9945, abs=1e-6)
    assert told.lat_deg == pytest.approx(46.8426, abs=1e-6)
    assert told.gimbal_pitch_deg == -45


def test_broken_dewarp_data_is_named():
    told = told_by(xmp(TAGS | {"DewarpData": "2020;1,2,3"}))
    assert told.dewarp is None
    assert any("DewarpData" in remark for remark in told.remarks)


SRT_FORMS = {
    "new": "[iso: 180] [focal_len: 24.00] [latitude: 34.6] [longitude: 119.2] "
    "[rel_alt: 80.1 abs_alt: 90.2]",
    "misspelt": "[focal_len : 240] [latitude : 34.6] [longtitude : 119.2] "
    "[rel_alt: 80.1 abs_alt: 90.2]",
    "pro": "HOME(119.1,34.5) 2026.09.01 10:30:00\nGPS(119.2,34.6,16) BAROMETER:80.1",
    "m300": "GPS(119.2,34.6,90.2M) BAROMETER:80.1M",
    "avata": "GPS(34.6,119.2,90.2) BAROMETER(80.1) HOME(34.5,119.1)",
    "p4rtk": "F/5.6, SS 400, GPS (119.2, 34.6, 15), HOME (119.1, 34.5, -5m), D 69.7m, H 80.1m, "
    "F.PRY (2.7°, -7.0°, 110.1°), G.PRY (-24.4°, 0.5°, 110.4°)",
}


@pytest.mark.parametrize("form", SRT_FORMS)
def test_every_subtitle_form_gives_the_same_place(tmp_path, form):
    path = tmp_path / "DJI_0001.SRT"
    path.write_text(f"1\n00:00:01,500 --> 00:00:02,000\n<font>{SRT_FORMS[form]}</font>\n\n")
    track = read_srt(path, CITY)
    told = track.moments[0].telemetry
    assert (told.lon_deg, told.lat_deg) == (119.2, 34.6)
    assert told.height_above_takeoff_m == 80.1
    assert track.moments[0].video_s == 1.5
    if form in ("new", "misspelt"):
        assert told.focal_35mm == 24
    if form == "p4rtk":
        assert (told.gimbal_pitch_deg, told.gimbal_roll_deg, told.gimbal_yaw_deg) == (
            -24.4,
            0.5,
            110.4,
        )
    if form in ("m300", "avata"):
        assert told.altitude_m == 90.2
    if form == "pro":
        assert told.altitude_m is None  # 16 counts satellites


def test_the_order_is_doubted_without_bounds(tmp_path):
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nGPS(8.2,47.4,18) BAROMETER:3\n")
    doubted = read_srt(path)
    assert doubted.moments[0].telemetry.lon_deg == 8.2
    assert "not certain" in doubted.remarks[0]
    swiss = CityBounds(west_deg=47, south_deg=8, east_deg=48, north_deg=9)
    assert read_srt(path, swiss).moments[0].telemetry.lon_deg == 47.4


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no subtitle block"),
        ("1\n", 1, "cut short"),
        ("1\n00:00:00,000 --> 00:00:01,000\n[iso : 100]\n", 1, "no position"),
        ("1\n00:00:00,000 --> 00:00:01,000\n[latitude: 0.0] [longitude: 0.0]\n", 1, "no fix"),
        (
            "1\n00:00:00,000 --> 00:00:01,000\n[latitude: 134.0] [longitude: 119.0]\n",
            1,
            "impossible",
        ),
    ],
)
def test_a_useless_file_is_refused_with_line_and_reason(tmp_path, text, line, reason):
    path = tmp_path / "bad.SRT"
    path.write_text(text)
    with pytest.raises(TelemetryError, match=reason) as caught:
        read_srt(path)
    assert caught.value.line == line
    assert "bad.SRT" in str(caught.value)


def test_what_a_cut_file_still_tells_is_used(tmp_path):
    path = tmp_path / "cut.SRT"
    block = "\n00:00:01,000 --> 00:00:02,000\nGPS(119.2,34.6,19) BAROMETER:20.1\n\n"
    path.write_text(f"1{block}2{block}3\n00:00:03,000 --> 00:00:04,000\nHOME(119")
    track = read_srt(path, CITY)
    assert len(track.moments) == 2
    assert track.remarks[0].startswith("line 9: block 3")


def test_real_subtitles_are_parsed_or_refused(shared: Path):
    read, refused = {}, {}
    for path in sorted((shared / "flights" / "srt").iterdir()):
        try:
            read[path.name] = read_srt(path)
        except TelemetryError as error:
            refused[path.name] = error
    assert set(refused) == {"broken_empty.SRT", "broken_empty2.SRT", "mavic_air.SRT"}
    assert all(error.line >= 1 and error.reason for error in refused.values())
    assert len(read["broken_incomplete.SRT"].moments) == 19
    assert any("no fix" in remark for remark in read["neo2__clip_nogps.SRT"].remarks)
    rtk = read["p4_rtk.SRT"].moments[0].telemetry
    assert (rtk.lon_deg, rtk.lat_deg, rtk.gimbal_pitch_deg) == (-58.851745, -34.237922, -24.4)
    beijing = read["avata2__clip.SRT"].moments[0].telemetry
    assert (beijing.lon_deg, beijing.lat_deg) == (116.391305, 39.906217)


def test_tables_know_units_and_names(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_text(
        "file,latitude,longitude,height_above_takeoff(feet),gimbal_pitch(degrees),datetime(utc)\n"
        "A.JPG,34.6,119.2,100,-90,2026-09-01 10:30:00\n"
        "B.JPG,119.2,34.6,100,-90,\n"
        "C.JPG,,,100,-90,\n"
    )
    first, second = read_telemetry_csv(path, CITY)
    assert first.file == "A.JPG"
    assert first.telemetry.height_above_takeoff_m == pytest.approx(30.48)
    assert first.telemetry.captured_at == AT
    assert second.telemetry.lon_deg == 119.2
    assert "swapped" in second.telemetry.remarks[0]


def test_a_table_without_positions_is_refused(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_text("file,latitude\nA.JPG,3\n")
    with pytest.raises(TelemetryError, match="line 1: no column for lon"):
        read_telemetry_csv(path)
