"""Transport streams that carry their own telemetry, from the bytes to `xunjie flight`."""

import json
import math
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from flight_cli import run_flight
from klv_writer import UNIVERSAL_KEY, klv_set
from ts_writer import ASYNCHRONOUS, SYNCHRONOUS, UNTIMED, UNWRAPPED, Carriage, write_ts

from detector.flights.city_bounds import CityBounds
from detector.flights.config import FlightConfig
from detector.flights.errors import FlightError
from detector.flights.flight_folder import read_flight
from detector.flights.klv_telemetry import read_klv
from detector.flights.video_shots import read_frame, telemetry_at

CITY = CityBounds(west_deg=118.4, south_deg=33.9, east_deg=119.9, north_deg=35.2)
AT = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
UNNAMED = Carriage(0x06, 0xBD, b"", wrapped=False)  # no descriptor tells what it is
NADIR = {
    5: 90.0,
    90: 0.0,
    91: 0.0,
    15: 105.0,
    16: 60.0,
    18: 0.0,
    19: -90.0,
    20: 0.0,
    25: 5.0,
}


def told(seconds: float, **more: float | bytes | None) -> dict[int, float | bytes]:
    """A whole set at a second of a flight that goes north; `tag5=…` changes, None takes out."""
    values: dict[int, float | bytes] = {
        2: AT.timestamp() * 1e6 + seconds * 1e6,
        **NADIR,
        13: 34.6 + seconds * 1e-5,
        14: 119.2,
    }
    changed = {int(name[3:]): value for name, value in more.items()}
    return {tag: value for tag, value in (values | changed).items() if value is not None}


def pictures(seconds: float) -> list[np.ndarray]:
    """320 × 240, with edges; the upper left tells the time."""
    blocks = np.random.default_rng(3).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    base = blocks.repeat(10, 0).repeat(10, 1)
    found = []
    for i in range(round(seconds * 25)):
        base[:48, :48] = 30 + i
        found.append(base.copy())
    return found


def video(folder: Path, packets, carriage=ASYNCHRONOUS, seconds: float = 4.0, gop=12) -> Path:
    folder.mkdir(exist_ok=True)
    return write_ts(folder / "UAV_0001.ts", pictures(seconds), packets, carriage, gop)


def flight(folder: Path, carriage=ASYNCHRONOUS, **more) -> Path:
    packets = [(i / 2, klv_set(told(i / 2, **more))) for i in range(8)]
    return video(folder, packets, carriage)


@pytest.mark.parametrize("carriage", [ASYNCHRONOUS, SYNCHRONOUS, UNTIMED, UNWRAPPED, UNNAMED])
def test_every_carriage_gives_the_same_moments(tmp_path, carriage):
    track = read_klv(flight(tmp_path / "f", carriage), CITY)
    assert track.remarks == ()
    assert [moment.packet for moment in track.moments] == list(range(1, 9))
    # Untimed packets get the time of the picture that came before them.
    off_s = 0.05 if carriage is UNTIMED else 1e-4
    for i, moment in enumerate(track.moments):
        assert moment.video_s == pytest.approx(i / 2, abs=off_s)
        assert moment.telemetry.lat_deg == pytest.approx(34.6 + i * 5e-6, abs=1e-7)
        assert moment.telemetry.lon_deg == pytest.approx(119.2, abs=1e-7)
        assert moment.telemetry.captured_at.timestamp() == pytest.approx(AT.timestamp() + i / 2)


def test_what_ffmpeg_writes_is_read(tmp_path):
    """A second writer: not only our own understanding of the stream."""
    path = tmp_path / "made.ts"
    with av.open(str(path), "w") as container:
        coder = container.add_stream("mpeg2video", rate=25)
        coder.width, coder.height = 320, 240
        carrier = container.add_data_stream("klv")
        for i, picture in enumerate(pictures(2)):
            container.mux(coder.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
            if i % 10 == 0:
                packet = av.Packet(klv_set(told(i / 25)))
                packet.stream, packet.time_base = carrier, Fraction(1, 25)
                packet.pts = packet.dts = i
                container.mux(packet)
        container.mux(coder.encode())
    track = read_klv(path, CITY)
    assert track.remarks == ()
    assert len(track.moments) == 5
    assert track.moments[3].telemetry.lat_deg == pytest.approx(34.6 + 1.2e-5, abs=1e-7)


def test_several_sets_in_one_packet_are_all_read(tmp_path):
    sets = [klv_set(told(0)), klv_set(told(0.1))]
    for carriage in (ASYNCHRONOUS, SYNCHRONOUS):
        track = read_klv(video(tmp_path / "f", [(0.0, sets)], carriage, seconds=1))
        assert len(track.moments) == 2
        assert track.remarks == ()


def test_the_camera_is_turned_with_its_platform(tmp_path):
    """Flying east, nose 4° up, the camera to the right wing: south, 50° down, the nose's lift in
    its roll."""
    path = flight(tmp_path / "f", tag90=4.0, tag18=90.0, tag19=-50.0)
    one = read_klv(path).moments[0].telemetry
    assert one.flight_yaw_deg == pytest.approx(90, abs=0.003)
    # Its axis is (0, cos 50, sin 50) ahead, right, down; pitched up by 4°.
    axis = (math.sin(math.radians(50)) * math.sin(math.radians(4)), math.cos(math.radians(50)))
    yaw = 90 + math.degrees(math.atan2(axis[1], axis[0]))
    assert one.gimbal_yaw_deg == pytest.approx(yaw, abs=0.01)
    down = math.sin(math.radians(50)) * math.cos(math.radians(4))
    assert one.gimbal_pitch_deg == pytest.approx(-math.degrees(math.asin(down)), abs=0.01)
    assert one.gimbal_roll_deg == pytest.approx(
        math.degrees(math.atan2(math.sin(math.radians(4)), math.cos(math.radians(4)) * axis[1])),
        abs=0.01,
    )
    assert one.assumed == ("height",)


def test_full_range_angles_go_before_the_narrow_ones(tmp_path):
    """At 30° the narrow pitch is out of range and says so."""
    path = flight(tmp_path / "f", tag6=b"\x80\x00", tag7=0.0, tag90=30.0, tag19=-60.0)
    assert read_klv(path).moments[0].telemetry.gimbal_pitch_deg == pytest.approx(-30, abs=1e-4)
    path = flight(tmp_path / "f", tag6=10.0, tag7=0.0, tag90=None, tag91=None, tag19=-60.0)
    assert read_klv(path).moments[0].telemetry.gimbal_pitch_deg == pytest.approx(-50, abs=1e-3)


@pytest.mark.parametrize(
    ("missing", "pitch_deg", "wider", "remark"),
    [
        ({"tag18": None, "tag19": None, "tag20": None}, None, "ypr", "no gimbal pitch"),
        ({"tag90": None}, -60, "pr", "level flight assumed"),
        ({"tag90": b"\x80\x00\x00\x00"}, -60, "pr", "level flight assumed"),
        ({"tag18": None}, -60, "ypr", "no gimbal yaw: the airframe's taken"),
        ({"tag20": None}, -60, "r", "the camera's roll is not told"),
        ({"tag5": None}, -60, "y", "no yaw"),
    ],
)
def test_missing_angles_are_assumed_and_widen_the_error(
    tmp_path, missing, pitch_deg, wider, remark
):
    config = FlightConfig()
    folder = flight(tmp_path / "f", **({"tag19": -60.0} | missing)).parent
    shot = read_flight(folder, config).shots[0]
    found = shot.telemetry.gimbal_pitch_deg
    assert found == (None if pitch_deg is None else pytest.approx(pitch_deg, abs=1e-4))
    assert any(remark in text for text in shot.remarks), shot.remarks
    error, e = shot.pose_error(config), config.errors
    yaw_deg = e.missing_yaw_deg if "tag5" in missing else e.flight_yaw_deg
    assert error.yaw_deg == (yaw_deg if "y" in wider else e.yaw_deg)
    assert error.pitch_deg == (e.missing_pitch_deg if "p" in wider else e.pitch_deg)
    assert error.roll_deg == (e.missing_roll_deg if "r" in wider else e.roll_deg)


@pytest.mark.parametrize(
    ("more", "altitude_m", "height_m"),
    [
        ({}, 105, 100),
        ({"tag15": None, "tag25": None, "tag75": 120.0, "tag78": 30.0}, 120, 90),
        ({"tag25": None, "tag19": -30.0, "tag21": 160.0}, 105, 80),
        ({"tag25": None}, 105, None),
        ({"tag15": None}, None, None),
        ({"tag25": 105.0}, 105, None),  # on the ground, or a place-holder
    ],
)
def test_an_altitude_is_no_height_until_the_ground_is_told(tmp_path, more, altitude_m, height_m):
    folder = flight(tmp_path / "f", **more).parent
    config = FlightConfig()
    shot = read_flight(folder, config).shots[0]
    one = shot.telemetry
    assert one.altitude_m == (None if altitude_m is None else pytest.approx(altitude_m, abs=0.16))
    if height_m is None:
        assert one.height_above_takeoff_m is None
        assert any("no height above take-off" in text for text in shot.remarks)
        assert shot.pose_error(config).up_m == config.errors.missing_height_m
    else:
        assert one.height_above_takeoff_m == pytest.approx(height_m, abs=0.32)
        assert any("in the picture's middle" in text for text in shot.remarks)
        assert 11 < shot.pose_error(config).up_m < 12


def test_the_lens_comes_from_the_field_of_view(tmp_path):
    def lens(**more):
        shot = read_flight(flight(tmp_path / "f", **more).parent, FlightConfig()).shots[0]
        return shot.lens, shot.remarks

    right = 160 / math.tan(math.radians(30))  # 320 pixels across 60°
    across, remarks = lens()
    assert (across.fx_px, across.fy_px) == pytest.approx((right, right), rel=1e-4)
    assert "focal length from the field of view told" in remarks
    square = 2 * math.degrees(math.atan(120 / right))
    assert lens(tag17=square)[0].focal_error == across.focal_error
    assert lens(tag16=None, tag17=square)[0].fx_px == pytest.approx(right, rel=1e-3)
    odd, remarks = lens(tag17=60.0)
    assert odd.fx_px == pytest.approx(right, rel=1e-4)
    assert odd.focal_error > across.focal_error
    assert any("do not fit the picture" in text for text in remarks)
    assert any("no focal length" in text for text in lens(tag16=0.0)[1])


def test_tags_that_come_rarely_hold(tmp_path):
    """Angles every second, the lens and the ground once, the position in each packet."""
    packets = []
    for i in range(16):
        values = told(i / 4, tag16=None, tag25=None)
        if i % 4:
            values = {tag: values[tag] for tag in (2, 13, 14, 15)}
        if i == 0:
            values |= {16: 60.0, 25: 5.0}
        packets.append((i / 4, klv_set(values)))
    track = read_klv(video(tmp_path / "f", packets))
    assert track.remarks == ()
    assert len(track.moments) == 16
    for moment in track.moments:
        assert moment.telemetry.gimbal_pitch_deg == pytest.approx(-90, abs=1e-3)
        assert moment.telemetry.height_above_takeoff_m == pytest.approx(100, abs=0.32)
        assert moment.telemetry.field_across_deg == pytest.approx(60, abs=0.01)


def test_an_angle_of_long_ago_is_not_taken_for_one_of_now(tmp_path):
    first, rest = told(0), [{tag: told(i)[tag] for tag in (2, 13, 14, 15)} for i in range(1, 4)]
    packets = [(i, klv_set(values)) for i, values in enumerate([first, *rest])]
    moments = [moment.telemetry for moment in read_klv(video(tmp_path / "f", packets)).moments]
    assert [one.gimbal_pitch_deg is None for one in moments] == [False, False, False, True]
    assert moments[3].field_across_deg == pytest.approx(60, abs=0.01)


def test_a_value_taken_back_is_not_held(tmp_path):
    """An item with nothing in it, or out of range, says that the value is not known any more."""
    packets = [(0, klv_set(told(0))), (0.5, klv_set(told(0.5, tag16=b"", tag5=b"")))]
    first, second = (m.telemetry for m in read_klv(video(tmp_path / "f", packets)).moments)
    assert first.field_across_deg is not None
    assert (second.field_across_deg, second.flight_yaw_deg) == (None, None)


def test_a_packet_without_position_lends_its_angles_only(tmp_path):
    packets = [(0, klv_set({5: 90.0})), (0.5, klv_set({13: 34.6, 14: 119.2, 2: 0}))]
    track = read_klv(video(tmp_path / "f", packets, seconds=1))
    (moment,) = track.moments
    assert moment.packet == 2
    assert moment.telemetry.flight_yaw_deg == pytest.approx(90, abs=0.003)
    assert moment.telemetry.captured_at is None  # a clock that was never set


def test_broken_packets_are_named_and_the_rest_is_used(tmp_path):
    good = [klv_set(told(i / 2)) for i in range(6)]
    packets = [*enumerate(good)]
    packets[1] = (1, klv_set(told(0.5), checksum=0x1234))
    packets[3] = (3, good[3][:-20])
    packets[4] = (4, b"no packet at all, but as long as one")
    track = read_klv(video(tmp_path / "f", [(i / 2, data) for i, data in packets]))
    assert [moment.packet for moment in track.moments] == [1, 3, 6]
    assert len(track.remarks) == 4
    assert track.remarks[0].startswith("KLV packet 2: its checksum is 1234, its bytes give ")
    assert track.remarks[1].startswith("KLV packet 4: cut short: ")
    assert track.remarks[2].startswith("KLV packet 5: it does not begin with the key of ST 0601")
    assert track.remarks[3] == "3 of 6 KLV packets could be used"


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (klv_set(told(0), checksum=1), "KLV packet 1: its checksum is 0001"),
        (klv_set(told(0, tag13=b"\x80\x00\x00\x00")), "does not know its position"),
        (klv_set(told(0, tag13=0.0, tag14=0.0)), "no fix"),
        (klv_set({5: 90.0}), "KLV packet 1: no position; none of the 2 packets"),
    ],
)
def test_a_stream_without_any_position_is_refused(tmp_path, packet, reason):
    path = video(tmp_path / "f", [(0, packet), (0.5, packet)], seconds=1)
    with pytest.raises(FlightError, match=reason) as caught:
        read_klv(path)
    assert str(caught.value).startswith("UAV_0001.ts: ")
    assert "UAV_0001.SRT or .csv beside the video would be read instead" in str(caught.value)


def test_a_stream_of_another_standard_is_none(tmp_path):
    security = bytes.fromhex("060E2B34020301010E01030302000000") + b"\x03\x01\x01\x01"
    assert read_klv(video(tmp_path / "f", [(0, security)], seconds=1)) is None
    assert UNIVERSAL_KEY not in security


def test_coordinates_are_held_against_the_city(tmp_path):
    path = flight(tmp_path / "f", tag13=10.0, tag14=20.0)
    track = read_klv(path, CITY)
    assert track.moments[0].telemetry.lon_deg == pytest.approx(20, abs=1e-7)
    assert track.remarks == ("KLV packet 1: outside the city's bounds",)
    swapped = CityBounds(west_deg=34, south_deg=60, east_deg=35, north_deg=62)
    path = flight(tmp_path / "f", tag13=34.6, tag14=61.0)
    assert "swapped" in read_klv(path, swapped).remarks[0]


def test_a_file_beside_the_video_goes_before_its_own_stream(tmp_path):
    path = flight(tmp_path / "f")
    path.with_suffix(".csv").write_text("seconds,lat,lon\n0,34.7,119.3\n2,34.7,119.3\n")
    shots = read_flight(path.parent, FlightConfig()).shots
    assert shots[0].telemetry.lat_deg == 34.7


def test_angles_between_moments_are_turned_as_a_whole(tmp_path):
    """Straight down under an aircraft that rolls from one side to the other: yaw, pitch and roll
    each jump, the camera looks straight down in the middle."""
    packets = [(0, klv_set(told(0, tag91=3.0))), (1, klv_set(told(0, tag91=-3.0)))]
    track = read_klv(video(tmp_path / "f", packets, seconds=2))
    moments = [(moment.video_s, moment.telemetry) for moment in track.moments]
    assert moments[0][1].gimbal_pitch_deg == pytest.approx(-87, abs=1e-3)
    middle = telemetry_at(moments, 0.5)
    assert middle.gimbal_pitch_deg == pytest.approx(-90, abs=1e-3)
    assert middle.gimbal_yaw_deg + middle.gimbal_roll_deg == pytest.approx(90, abs=0.01)


@pytest.mark.parametrize("gop", [5, 30, 200])
def test_the_picture_of_a_moment_is_the_one_of_its_time(tmp_path, gop):
    """A transport stream has no index: what is sought may lie behind the wanted picture."""
    path = video(tmp_path / "f", [], seconds=6, gop=gop)
    for at_s in (0.0, 1.0, 2.6, 4.0, 5.8):
        found = read_frame(path, at_s)[8:40, 8:40].mean()
        first = read_frame(path, 0.0)[8:40, 8:40].mean()
        assert (found - first) / 0.95 == pytest.approx(at_s * 25, abs=8), at_s


def test_inspect_needs_no_file_beside_the_video(tmp_path):
    folder = flight(tmp_path / "flight", SYNCHRONOUS, tag19=-45.0, tag5=60.0, tag18=30.0).parent
    page = tmp_path / "map.html"
    result = run_flight(
        "inspect", str(folder), "--json", "--map", str(page), "--bounds", "118.4,33.9,119.9,35.2"
    )
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    assert [row["file"] for row in rows] == ["UAV_0001.ts@0.0s", "UAV_0001.ts@2.0s"]
    second = rows[1]
    assert second["clock"] == "telemetry"
    assert second["captured_at"] == "2026-09-01T02:30:02+00:00"
    assert second["pose"]["lat_deg"] == pytest.approx(34.60002, abs=1e-6)
    assert second["pose"]["gimbal_yaw_deg"] == pytest.approx(90, abs=0.01)
    assert second["pose"]["gimbal_pitch_deg"] == pytest.approx(-45, abs=1e-3)
    # 100 m above the ground, 45° down to the east: 100 m east. A degree of longitude is 91.7 km.
    assert second["position"]["x"] == pytest.approx(119.2 + 100 / 91_700, abs=1e-5)
    assert second["position"]["y"] == pytest.approx(34.60002, abs=1e-5)
    assert 20 < second["position"]["error_radius_m"] < 50


def test_inspect_names_broken_packets_and_goes_on(tmp_path):
    packets = [(i / 2, klv_set(told(i / 2))) for i in range(8)]
    packets[5] = (2.5, klv_set(told(2.5), checksum=0))
    folder = video(tmp_path / "flight", packets).parent
    result = run_flight("inspect", str(folder), "--json", "--map", str(tmp_path / "m.html"))
    assert result.exit_code == 1
    assert "UAV_0001.ts: KLV packet 6: its checksum is 0000" in result.stderr
    assert "UAV_0001.ts: 7 of 8 KLV packets could be used" in result.stderr
    assert len(json.loads(result.stdout)) == 2


def test_a_video_without_any_telemetry_is_refused(tmp_path):
    folder = video(tmp_path / "flight", [], seconds=1).parent
    result = run_flight("inspect", str(folder), "--map", str(tmp_path / "m.html"))
    assert result.exit_code == 2
    faults = read_flight(folder, FlightConfig()).faults
    assert faults == (
        "UAV_0001.ts: no telemetry beside it (UAV_0001.SRT or .csv) and no KLV in it",
    )


@pytest.mark.parametrize("name", ["UAV_0001.mpg", "UAV_0001.m2ts", "UAV_0001.MTS"])
def test_other_names_of_transport_streams_are_taken(tmp_path, name):
    path = flight(tmp_path / "flight")
    data = path.read_bytes()
    if name != "UAV_0001.mpg":  # cameras put four bytes before each packet
        data = b"".join(b"\0" * 4 + data[i : i + 188] for i in range(0, len(data), 188))
    path.with_name(name).write_bytes(data)
    path.unlink()
    shots = read_flight(path.parent, FlightConfig()).shots
    assert [shot.name for shot in shots] == [f"{name}@0.0s", f"{name}@2.0s"]
    assert shots[1].read().shape == (240, 320, 3)


def test_ingest_makes_a_flight_of_it(tmp_path):
    folder = flight(tmp_path / "flight").parent
    result = run_flight("ingest", str(folder), "--work", str(tmp_path / "work"))
    assert result.exit_code == 0, result.stderr
    (record,) = (tmp_path / "work").glob("*/flight.json")
    kept = json.loads(record.read_text())
    assert [one["name"] for one in kept["pictures"]] == ["UAV_0001.ts@0.0s", "UAV_0001.ts@2.0s"]
    assert kept["lat_deg"] == pytest.approx(34.60001, abs=2e-6)
    assert kept["pictures"][0]["view"]["pitch_deg"] == pytest.approx(-90, abs=1)
