"""The city's table of cameras."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from detector.sources.base import redact
from detector.sources.camera_table import (
    COLUMNS,
    compare,
    read_table,
    source_of,
    write_table,
)
from detector.types import ConfigError

HEADER = ",".join(COLUMNS) + "\n"
GOOD = (
    "c1,海昌路口,rtsp://u:p@192.0.2.1/1,119.2216,34.5967,GCJ-02,城管,320706,320706001001001,10,vendor;cover\n"
    "c2,Gate,http://192.0.2.2/snap.jpg,,,,,,,60,\n"
    "c3,Plane,http://192.0.2.3/c.flv,428593.6,3830127.5,epsg:4549,,,,,vendor\n"
    "c4,Gateway,gateway+http://u:p@192.0.2.4:18080/32070000001180000001/32070000001310000001,"
    ",,,,,,5,cover\n"
)


def read(text, **fields):
    return read_table(text.encode(), "cameras.csv", tasks=("vendor", "cover"), **fields)


def test_rows_are_read_with_their_meaning():
    table = read(HEADER + GOOD)
    assert table.faults == ()
    first, second, third, fourth = table.rows
    assert first.name == "海昌路口"
    assert (first.position.crs, first.interval_s) == ("GCJ-02", 10)
    assert first.tasks == ("vendor", "cover")
    assert (second.position, second.tasks) == (None, ())
    assert (third.position.crs, third.interval_s) == ("EPSG:4549", 10)
    kinds = [source_of(row).kind for row in table.rows]
    assert kinds == ["stream", "snapshot", "stream", "gateway"]
    assert source_of(fourth).channel_id == "32070000001310000001"
    assert source_of(fourth).url == "http://u:p@192.0.2.4:18080"
    assert source_of(second).interval_s == 60


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",x,rtsp://h/1,,,,,,,,", "line 3: id: "),
        ("a b,x,rtsp://h/1,,,,,,,,", "line 3: id: "),
        ("c1,x,rtsp://h/1,,,,,,,,", "line 3: id: 'c1' stands in line 2, too"),
        ("x,x,,,,,,,,,", "line 3: url: begins with none of"),
        ("x,x,ftp://h/1,,,,,,,,", "line 3: url: begins with none of"),
        ("x,x,gateway+http://h/12/34,,,,,,,,", "line 3: url: a gateway's url ends with"),
        ("x,x,rtsp://h/1,119.2,,,,,,,", "line 3: lat: '' is not a number"),
        ("x,x,rtsp://h/1,east,34,,,,,,", "line 3: lon: 'east' is not a number"),
        ("x,x,rtsp://h/1,34.5,119.2,,,,,,", "line 3: lat: (34.5, 119.2) is nowhere on earth"),
        ("x,x,rtsp://h/1,119,34,mars,,,,,", "line 3: crs: crs 'mars' is not known"),
        ("x,x,rtsp://h/1,nan,34,,,,,,", "line 3: lon: is not a finite number"),
        ("x,x,rtsp://h/1,,,,,,,soon,", "line 3: interval: 'soon' is not a number of seconds"),
        ("x,x,rtsp://h/1,,,,,,,0,", "line 3: interval: 0 s is not above zero"),
        ("x,x,rtsp://h/1,,,,,,,,barbecue", "line 3: tasks: 'barbecue' is unknown; known: cover,"),
        ("x,x,y,rtsp://h/1,,,,,,,,,,", "line 3: id: has more values than there are columns"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_are_taken(line, fault):
    good = GOOD.splitlines(keepends=True)
    table = read(HEADER + good[0] + line + "\n" + "\n" + good[1])
    assert [row.id for row in table.rows] == ["c1", "c2"]
    assert len(table.faults) == 1
    assert str(table.faults[0]).startswith(fault)


def test_a_value_over_two_lines_keeps_the_count():
    text = HEADER + '"c1","a\nb",rtsp://h/1,,,,,,,,\nbad,x,ftp://h,,,,,,,,\n'
    table = read(text)
    assert (table.rows[0].name, table.faults[0].line) == ("a\nb", 4)


def test_spreadsheets_write_other_encodings():
    text = HEADER + GOOD
    same = read(text)
    for encoding in ("utf-8-sig", "gb18030"):
        assert read_table(text.encode(encoding), "c.csv", tasks=("vendor", "cover")) == same
    with pytest.raises(ConfigError, match=r"c\.csv: neither"):
        read_table(b"\xff\xff\x00", "c.csv")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name,url\n", "no column 'id'"),
        ("id,url,colour\n", "unknown column 'colour'"),
        ("", "no column 'id'"),
    ],
)
def test_what_is_no_such_table(text, fault):
    with pytest.raises(ConfigError, match=fault) as caught:
        read(text)
    assert str(caught.value).startswith("cameras.csv: line 1")


def test_only_id_and_url_are_needed():
    (row,) = read("url,id\nrtsp://h/1,c1\n").rows
    assert (row.id, row.url, row.name, row.interval_s) == ("c1", "rtsp://h/1", "", 10)


def test_what_is_written_is_read_again():
    rows = read(HEADER + GOOD).rows
    data = write_table(rows)
    assert data.startswith(b"\xef\xbb\xbfid,name,url")
    assert read_table(data, "again.csv").rows == rows
    shown = write_table(rows, url=redact).decode()
    assert "u:p@" not in shown
    assert "rtsp://***@192.0.2.1/1" in shown


def test_two_tables_are_compared():
    rows = read(HEADER + GOOD).rows
    changed = replace(rows[1], interval_s=30.0, name="Gate 2")
    new = replace(rows[0], id="c9")
    diff = compare(rows, [rows[0], changed, rows[3], new])
    assert [row.id for row in diff.added] == ["c9"]
    assert [row.id for row in diff.removed] == ["c3"]
    assert [(c.after.id, c.columns) for c in diff.changed] == [("c2", ("name", "interval_s"))]
    assert diff.unchanged == 2
    assert compare(rows, rows).unchanged == 4


def test_two_thousand_cameras_take_seconds():
    lines = "".join(
        f"c{i},camera {i},rtsp://192.0.2.1/{i},119.2,34.5,EPSG:4490,,,,10,vendor\n"
        for i in range(2000)
    )
    began_s = time.process_time()
    rows = read(HEADER + lines).rows
    assert len(rows) == 2000
    assert compare(rows, rows).unchanged == 2000
    assert time.process_time() - began_s < 5
