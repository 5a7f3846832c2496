"""The ledger: import, export, permits and their dates, striking off."""

from datetime import UTC, date, datetime

import pytest

from detector.flights.errors import LedgerError
from detector.flights.ledger import (
    Ledger,
    LedgerRow,
    LedgerStatus,
    LedgerVerdict,
    read_ledger,
    write_ledger,
)

OUTLINE = {
    "type": "Polygon",
    "coordinates": [[[119.2, 34.6], [119.2001, 34.6], [119.2001, 34.6001], [119.2, 34.6]]],
}


def row(**values) -> LedgerRow:
    return LedgerRow(**({"id": "A-1", "status": "existing", "geometry": OUTLINE} | values))


@pytest.mark.parametrize("suffix", ["csv", "geojson"])
def test_what_goes_out_comes_back(tmp_path, suffix):
    ledger = Ledger(
        (
            row(area_m2=12.5, building_id="b-7", note="蓝色彩钢棚, 屋顶"),
            row(
                id="A-2",
                status="approved",
                permit_number="连规许 2026-17",
                permit_from=date(2026, 1, 1),
                permit_to=date(2026, 12, 31),
                geometry={"type": "Point", "coordinates": [119.2, 34.6]},
            ),
        )
    ).struck_off("A-1", datetime(2026, 6, 1, tzinfo=UTC), "DJI_0007.JPG")
    path = tmp_path / f"ledger.{suffix}"
    write_ledger(path, ledger)
    back = read_ledger(path)
    assert [r.model_dump(exclude={"geometry"}) for r in back.rows] == [
        r.model_dump(exclude={"geometry"}) for r in ledger.rows
    ]
    assert all(a.outline.equals(b.outline) for a, b in zip(back.rows, ledger.rows, strict=True))
    assert not back.rows[0].standing


def test_a_permit_counts_within_its_dates():
    permit = row(
        status=LedgerStatus.APPROVED, permit_from=date(2026, 1, 1), permit_to=date(2026, 3, 1)
    )
    assert permit.verdict(date(2026, 3, 1)) is LedgerVerdict.APPROVED
    assert permit.verdict(date(2026, 3, 2)) is LedgerVerdict.UNKNOWN
    assert row().verdict(date(2026, 3, 2)) is LedgerVerdict.EXISTING


def test_the_city_table_with_points_is_read(tmp_path):
    path = tmp_path / "city.csv"
    path.write_text("id,status,lon,lat,area_m2\n7,existing,119.2,34.6,\n", encoding="utf-8-sig")
    assert read_ledger(path).rows[0].outline.x == 119.2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,status,lon,lat\n7,perhaps,119.2,34.6\n", "row 2: status"),
        ("id,status,lon,lat\n7,existing,119.2,\n", "row 2: needs wkt"),
        ("id,status,lon,lat\n7,existing,452000,3830000\n", "not in WGS-84"),
        ("id,status,lon,lat\n7,existing,1,1\n7,existing,1,1\n", "stands twice"),
    ],
)
def test_a_bad_row_is_named(tmp_path, text, said):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(LedgerError, match=said):
        read_ledger(path)


def test_a_file_that_is_no_geojson_is_named(tmp_path):
    path = tmp_path / "bad.geojson"
    path.write_text("[]")
    with pytest.raises(LedgerError, match="FeatureCollection"):
        read_ledger(path)
