from pathlib import Path

import pytest

from training.label import Box, box_from_corners, read_boxes, write_boxes


def test_boxes_come_back_as_written(tmp_path: Path) -> None:
    boxes = [Box(class_id=2, cx=0.5, cy=0.5, w=0.25, h=0.5)]
    write_boxes(tmp_path / "a.txt", boxes)
    assert read_boxes(tmp_path / "a.txt") == boxes


def test_polygons_become_their_rectangle(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1 0.1 0.1 0.5 0.1 0.5 0.3 0.1 0.3\n")
    box = read_boxes(tmp_path / "a.txt")[0]
    assert (box.cx, box.cy, box.w, box.h) == pytest.approx((0.3, 0.2, 0.4, 0.2))


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1 0.1 0.1\n")
    with pytest.raises(ValueError, match=r"a\.txt:1"):
        read_boxes(tmp_path / "a.txt")


def test_a_box_outside_the_picture_is_dropped() -> None:
    assert box_from_corners(0, 1.1, 0.2, 1.4, 0.5) is None
