"""What is wrong in a configuration is named, and nothing secret is repeated."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.config import read_config
from detector.types import ConfigError

runner = CliRunner()


def written(folder: Path, text: str) -> Path:
    path = folder / "city.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cameras: [", "line 1"),
        ("- a\n- b", "must hold keys"),
        ("camera: []", "camera"),
        ("cameras: [{id: a, kind: stream, url: rtsp://u:pw@h/1}, {id: a, kind: push}]", "a stands"),
        ("cameras: [{id: a, kind: telepathy}]", "0 (a)"),
        ("cameras: [{id: a, kind: stream}]", "url"),
        ("cameras: [{id: a, kind: stream, url: x.mp4, pace: fast, interval_s: 0}]", "interval_s"),
        (
            "cameras: [{id: a, kind: push, zones: [{name: z, kind: moat, polygon_unit: []}]}]",
            "zones.0.kind",
        ),
        (
            "cameras: [{id: a, kind: push, zones: "
            "[{name: z, kind: road, polygon_unit: [[0, 0], [2, 0], [1, 1]]}]}]",
            "outside 0..1",
        ),
        ("destinations: [{name: x, sink: {kind: pigeon}}]", "sink"),
        ("http: {port: 99999}", "http.port"),
        (
            "cases: {code_table: {version: '2', codes: "
            "{vendor: {kind: event, code: '05O1', name: v}}}}",
            "cases.code_table.codes.vendor.code: String should match",
        ),
    ],
)
def test_faults_name_the_field(tmp_path: Path, text: str, says: str):
    with pytest.raises(ConfigError) as caught:
        read_config(written(tmp_path, text))
    assert says in str(caught.value)
    assert "city.yaml" in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        read_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cameras: [{id: a, kind: push, rules: {vendor: {classes: [ufo]}}}]", "unknown class ufo"),
        ("cameras: [{id: a, kind: push, tasks: [dragons]}]", "dragons"),
        ("cameras: [{id: a, kind: push}]\nrules: {vendor: {dwell: 3}}", "dwell"),
        ("models_folder: nowhere", "nowhere"),
    ],
)
def test_check_names_rules_classes_and_models(tmp_path: Path, text: str, says: str):
    result = runner.invoke(app, ["check", "-c", str(written(tmp_path, text))])
    assert result.exit_code == 2
    assert says in result.stderr


def test_check_says_in_one_line_what_is_wrong_with_a_camera_and_how_to_mend_it(tmp_path: Path):
    text = (
        "cameras:\n"
        "- {id: gone, kind: stream, url: nowhere.mp4, pace: realtime}\n"
        "- {id: shut, kind: stream, url: 'rtsp://u:pw@127.0.0.1:9/1'}\n"
        "- {id: inbox, kind: push}\n"
    )
    result = runner.invoke(app, ["check", "--wait-s", "3", "-c", str(written(tmp_path, text))])
    assert result.exit_code == 1
    gone, shut, inbox = result.stdout.splitlines()
    assert gone.startswith("FAIL gone")
    assert "check the path" in gone
    assert shut.startswith("FAIL shut")
    assert "check" in shut.partition("→")[2]
    assert "pw" not in result.output
    assert inbox.startswith("ok   inbox")


def test_init_writes_a_configuration_that_is_valid_and_overwrites_nothing(tmp_path: Path):
    path = tmp_path / "xunjie.yaml"
    assert runner.invoke(app, ["init", str(path)]).exit_code == 0
    config = read_config(path)
    assert config.cameras[0].zones[1].permits[0].from_time == time(16)
    path.write_text("mine", encoding="utf-8")
    assert runner.invoke(app, ["init", str(path)]).exit_code == 1
    assert path.read_text(encoding="utf-8") == "mine"


def test_an_unquoted_time_of_yaml_is_understood(tmp_path: Path):
    zone = "{name: z, kind: permitted, polygon_unit: [[0, 0], [1, 0], [1, 1]], permits: [%s]}"
    text = "cameras: [{id: a, kind: push, zones: [%s]}]" % (zone % "{from_time: 16:30}")
    config = read_config(written(tmp_path, text))
    assert config.cameras[0].zones[0].permits[0].from_time == time(16, 30)


def test_the_data_folder_is_relative_to_the_file(tmp_path: Path):
    assert read_config(written(tmp_path, "data_folder: d")).data_folder == tmp_path / "d"
