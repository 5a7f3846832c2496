"""The `form` sink: a configured form, checked before it is sent, to a platform on loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from detector.incidents import Courier, DeliveryState, DestinationConfig, build_sink
from detector.incidents import parse_sink_config as parse
from detector.incidents.sinks.form_table import (
    FormSource,
    FormTable,
    form_table_schema,
    load_form_table,
)
from detector.incidents.sinks.form_values import form_values
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable

DOCS = Path(__file__).parent.parent.parent / "docs"
TABLE = DOCS / "examples" / "form-table.yaml"
PICTURE = b"\xff\xd8 a picture"
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def item(key, kind="first"):
    return {"key": key, "kind": kind, "sha256": SHA256, "media_type": "image/jpeg"}


RECORD = {
    "kind": "opened",
    "violation": "vendor",
    "subtype": "mobile_vendor",
    "number": "XJ-20261124-000001",
    "source_id": "cam",
    "description": "疑似无照经营游商",
    "grid": "320706001002003",
    "urgent": True,
    "opened_at": "2026-11-24T08:00:00+00:00",
    "place": {"position": {"x": 119.22, "y": 34.6, "crs": "EPSG:4490", "error_radius_m": 3.0}},
    "evidence": [item("2026/11/24/a.jpg"), item("2026/11/24/b.jpg", "after")],
}
KEY = "c-1:opened:1"


class Platform(ThreadingHTTPServer):
    """Answers HTTP 200 to everything, with a code within."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[dict] = []
        self.status = 200
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/report"

    def form(self) -> dict:
        """The last one."""
        _, headers, body = self.got[-1]
        if headers["Content-Type"] == "application/json":
            return json.loads(body)
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        found: dict = {}
        for part in message_from_bytes(head + body).get_payload():
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            if part.get_filename():
                found.setdefault(name, []).append((part.get_filename(), data))
            else:
                found[name] = data.decode()
        return found


class _Handler(BaseHTTPRequestHandler):
    server: Platform

    def log_message(self, format, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        answers = self.server.answers
        answer = answers.pop(0) if answers else {"code": 0, "data": {"caseId": "SZ-77"}}
        data = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def platform():
    server = Platform()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def config(platform, **values):
    return {
        "kind": "form",
        "url": platform.url,
        "table_file": str(TABLE),
        "evidence_base_url": "https://xunjie.example/files",
        "addresses": {"cam": "海州区解放路1号"},
        "code_field": "code",
        "taken": ["0"],
        "known": ["4090"],
        "refused": ["4000"],
        "id_field": "data.caseId",
        **values,
    }


@pytest.fixture
def to(platform):
    made = []

    def build(**values):
        made.append(build_sink(parse(config(platform, **values)), "city"))
        return made[-1]

    yield build
    for sink in made:
        sink.close()


def deliver(sink, **values):
    return sink.deliver({**RECORD, **values}, idempotency_key=KEY)


def test_the_form_is_filled_as_configured(platform, to):
    assert deliver(to(after_pictures_field="afterPics", pictures_field="beforePics")) == "SZ-77"
    form = platform.form()
    assert 428_000 < float(form.pop("x")) < 429_000  # EPSG:4549
    assert 3_829_000 < float(form.pop("y")) < 3_831_000
    assert form == {
        "eventDesc": "疑似无照经营游商",
        "address": "海州区解放路1号",
        "gridCode": "320706001002003",
        "limitHours": "4",
        "deadline": "2026-11-24 20:00:00",
        "eventType": "0501",
        "typeKind": "1",
        "condition": "0501-1",
        "urgent": "1",
        "sourceType": "视频智能识别",
        "reportTime": "2026-11-24 16:00:00",
        "thirdPartyNo": KEY,
        "beforePics": ["https://xunjie.example/files/2026/11/24/a.jpg"],
        "afterPics": ["https://xunjie.example/files/2026/11/24/b.jpg"],
    }
    assert platform.got[0][1]["Idempotency-Key"] == KEY


def test_what_is_missing_is_named_before_anything_is_sent(platform, to):
    nowhere = {"grid": None, "place": {"position": None}}
    with pytest.raises(DeliveryRefused) as caught:
        deliver(to(addresses={}), **nowhere)
    text = str(caught.value)
    for name in ("address", "gridCode", "'x'", "'y'"):
        assert f"mandatory field {name}" in text or f"mandatory field '{name}'" in text
    with pytest.raises(DeliveryRefused, match=r"'gridCode' \(from grid\) has '12'"):
        deliver(to(), grid="12")
    with pytest.raises(DeliveryRefused, match=r"no code for rubbish/heap"):
        deliver(to(), violation="rubbish", subtype="heap")
    assert platform.got == []


def test_text_is_cut_to_the_form_s_length(platform, to):
    deliver(to(), description="长" * 900)
    assert len(platform.form()["eventDesc"]) == 500


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "2026/11/24").mkdir(parents=True, exist_ok=True)
        (tmp_path / "2026/11/24" / name).write_bytes(PICTURE)
    return tmp_path


def attached(to, folder, **values):
    return to(pictures="attached", encoding="multipart", evidence_folder=str(folder), **values)


def test_pictures_are_attached_whole(platform, to, folder):
    deliver(attached(to, folder))
    form = platform.form()
    assert form["pictures"] == [("a.jpg", PICTURE), ("b.jpg", PICTURE)]
    assert form["eventDesc"] == "疑似无照经营游商"
    deliver(attached(to, folder, most_pictures=1))
    assert form["pictures"][1:] == platform.form()["pictures"]


def test_multipart_without_attached_pictures(platform, to):
    deliver(to(encoding="multipart"))
    assert platform.form()["pictures"].count("https://") == 2
    deliver(to(encoding="multipart", pictures="none"))
    assert "pictures" not in platform.form()


def test_a_picture_that_was_changed_or_is_gone_is_not_sent(platform, to, folder):
    (folder / "2026/11/24/a.jpg").write_bytes(b"another")
    with pytest.raises(DeliveryRefused, match=r"a\.jpg has been changed"):
        deliver(attached(to, folder))
    (folder / "2026/11/24/a.jpg").unlink()
    with pytest.raises(DeliveryRefused, match=r"a\.jpg has passed its retention"):
        deliver(attached(to, folder))
    assert platform.got == []


def test_the_code_within_the_answer_decides(platform, to):
    platform.answers = [
        {"code": 4000, "msg": "网格编码不存在"},
        {"code": 5000, "msg": "系统繁忙"},
        {"code": 4090, "data": {"caseId": 12}},
        {"data": None},
    ]
    with pytest.raises(DeliveryRefused, match="code 4000: 网格编码不存在"):
        deliver(to())
    with pytest.raises(DeliveryUnavailable, match="code 5000: 系统繁忙"):
        deliver(to())
    assert deliver(to()) == "12"
    with pytest.raises(DeliveryUnavailable, match="code None"):
        deliver(to())


def test_a_409_says_that_the_platform_has_it_already(platform, to):
    platform.status = 409
    assert deliver(to()) == "SZ-77"
    platform.status = 422
    with pytest.raises(DeliveryRefused, match="HTTP 422"):
        deliver(to())


def test_other_letters_go_where_the_platform_takes_them(platform, to):
    assert deliver(to(), kind="cleared") is None
    assert platform.got == []
    sink = to(other_urls={"cleared": f"{platform.url}/verify"})
    assert deliver(sink, kind="cleared") == "SZ-77"
    assert deliver(sink, kind="reopened") == "SZ-77"
    assert [path for path, *_ in platform.got] == ["/report/verify", "/report"]


def test_the_platform_s_token_is_sent(platform, to, monkeypatch):
    monkeypatch.setenv("XUNJIE_TEST_TOKEN", "abc")
    deliver(to(auth_header="X-Token", auth_env="XUNJIE_TEST_TOKEN"))
    assert platform.got[0][1]["X-Token"] == "abc"


def test_a_case_of_the_real_records_fills_the_form(platform, street, tmp_path):
    destination = DestinationConfig(name="city", sink=config(platform), quarantine_after_refusals=1)
    street.wire(destination)
    street.look(street.cover())
    courier = Courier(street.outbox, destination, build_sink(destination.sink, "city"))
    courier.carry()
    (row,) = street.queries.deliveries().items
    assert row.state == DeliveryState.QUARANTINED
    assert "gridCode" in row.last_error
    assert "'x' (from x)" in row.last_error
    courier.stop()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"evidence_base_url": None}, "linked needs evidence_base_url"),
        ({"pictures": "attached"}, "attached needs evidence_folder"),
        ({"pictures": "attached", "evidence_folder": "x"}, "needs encoding: multipart"),
        ({"other_urls": {"opened": "http://x/"}}, r"other_urls"),
    ],
)
def test_a_config_that_cannot_work_is_named(platform, values, message):
    with pytest.raises(ConfigError, match=message):
        parse(config(platform, **values))


def edited(tmp_path, old, new):
    text = TABLE.read_text()
    assert old in text
    (tmp_path / "table.yaml").write_text(text.replace(old, new))
    return tmp_path / "table.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("from: grid", "from: gird", r"fields\.2\.from: .*'gird'|fields\.2\.from: Input"),
        ("mandatory: true, max_chars: 500", "mandatory: perhaps", r"fields\.0\.mandatory"),
        ("version: example-1", "", "version: Field required"),
        ("limit_h: 3}", "limit_h: -3}", r"codes\.cover/cover_missing\.limit_h"),
        ("EPSG:4549", "GCJ-02", "crs: "),
        ("Asia/Shanghai", "Asia/Lianyungang", "unknown time zone 'Asia/Lianyungang'"),
        ("name: x,", "name: y,", "field 'y' is there 2 times"),
        ('"[0-9]{15}"', '"["', "not a regular expression"),
        ("codes:\n", "colours: red\ncodes:\n", "colours: Extra inputs"),
        (', value: "视频智能识别"', "", "belong together"),
        ("fields:", "fields: [", "is not YAML: .*line"),
    ],
)
def test_a_bad_table_names_its_field_or_line(tmp_path, old, new, message):
    file = edited(tmp_path, old, new)
    with pytest.raises(ConfigError, match=rf"(?s)table\.yaml.*({message})"):
        load_form_table(file)


def test_a_missing_or_foreign_table_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_form_table(tmp_path / "none.yaml")
    (tmp_path / "latin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not YAML"):
        load_form_table(tmp_path / "latin")
    (tmp_path / "list").write_text("- 1")
    with pytest.raises(ConfigError, match="the file: "):
        load_form_table(tmp_path / "list")


def test_the_published_schema_is_the_table_s():
    """Written by: python -m detector.incidents.sinks.form_table > docs/schemas/…"""
    published = json.loads((DOCS / "schemas" / "form-table.schema.json").read_text())
    assert published == form_table_schema()


@pytest.mark.parametrize("source", list(FormSource))
def test_every_source_of_a_field_can_be_filled(source):
    field = {"name": "n", "from": source, "mandatory": True}
    if source == FormSource.VALUE:
        field["value"] = "v"
    code = {"kind": "event", "code": "0501", "condition": "1", "limit_h": 4}
    table = FormTable(version="t", fields=[field], codes={"vendor": code})
    filled = form_values(table, {**RECORD, "component": "3207060114000017"}, KEY, "road 1")
    assert filled["n"]
