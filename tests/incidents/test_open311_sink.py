"""The `open311` sink against a stand-in that speaks GeoReport v2: Debian packages no server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.incidents import (
    CaseState,
    Courier,
    DestinationConfig,
    OutcomeDesk,
    build_collectors,
    build_sink,
    parse_sink_config,
)
from detector.incidents.utc import utc_now
from detector.types import (
    ConfigError,
    DeliveryRefused,
    DeliveryUnavailable,
    Position,
)
from tests.incidents.open311_city import open311_city

RECORD = {
    "kind": "opened",
    "violation": "vendor",
    "subtype": "mobile_vendor",
    "code": "0501",
    "at": datetime.now(UTC).isoformat(),
    "number": "XJ-20261124-000001",
    "source_id": "cam",
    "description": "疑似无照经营游商：a stall stands on the road",
    "place": {
        "position": {"x": 119.22, "y": 34.6, "crs": "EPSG:4326", "error_radius_m": 3.0},
    },
    "evidence": [{"key": "2026/11/24/a.jpg"}, {"key": "2026/11/24/b.jpg"}],
}
KEY = "c-1:opened:1"


@pytest.fixture
def city():
    with open311_city() as made:
        yield made


def config(city, **values):
    return {"kind": "open311", "url": city.url, "answer_timeout_s": 1.5, **values}


@pytest.fixture
def to(city):
    made = []

    def build(**values):
        made.append(build_sink(parse_sink_config(config(city, **values)), "city"))
        return made[-1]

    yield build
    for sink in made:
        sink.close()


def deliver(sink, key=KEY, **values):
    return sink.deliver({**RECORD, **values}, idempotency_key=key)


def test_a_case_becomes_a_request(city, to):
    sink = to(
        jurisdiction_id="lyg",
        service_codes={"vendor/mobile_vendor": "V1", "vendor": "V2"},
        media_base_url="https://xunjie.example/files",
    )
    remote_id = deliver(sink)
    request = city.requests[remote_id]
    assert (request["service_code"], request["jurisdiction_id"]) == ("V1", "lyg")
    assert (request["lat"], request["long"]) == ("34.6000000", "119.2200000")
    assert request["media_url"] == "https://xunjie.example/files/2026/11/24/b.jpg"
    assert request["description"].startswith("疑似无照经营游商")
    assert request["description"].endswith(f"XJ-20261124-000001 [{KEY}]")
    assert city.calls == ["POST /open311/v2/requests.json"]


def test_the_city_s_codes_stand_in_for_missing_ones(city, to):
    assert city.requests[deliver(to())]["service_code"] == "0501"
    with pytest.raises(DeliveryRefused, match="service_codes has none for 'vendor'"):
        deliver(to(), code=None)


def test_a_position_is_sent_in_wgs_84(city, to):
    # CGCS2000 / 3-degree Gauss-Kruger CM 120E
    projected = {"x": 428_500.0, "y": 3_830_000.0, "crs": "EPSG:4549", "error_radius_m": 5.0}
    request = city.requests[deliver(to(), place={"position": projected})]
    assert 34.5 < float(request["lat"]) < 34.7
    assert 119.1 < float(request["long"]) < 119.4


def test_a_fixed_camera_without_position_sends_its_address(city, to):
    nowhere = {"position": None}
    request = city.requests[deliver(to(addresses={"cam": "海州区解放路1号"}), place=nowhere)]
    assert request["address_string"] == "海州区解放路1号"
    assert "lat" not in request
    with pytest.raises(DeliveryRefused, match="cam has neither a position nor"):
        deliver(to(), place=nowhere)


def test_a_long_description_keeps_its_mark(city, to):
    text = city.requests[deliver(to(), description="长" * 5000)]["description"]
    assert len(text) == 4000
    assert text.endswith(f"[{KEY}]")


def again(sink, key=KEY, **values):
    return sink.deliver_again({**RECORD, **values}, idempotency_key=key)


def test_a_lost_answer_makes_no_second_request(city, to):
    city.script = ["lost"]
    with pytest.raises(DeliveryUnavailable):
        deliver(to())
    remote_id = again(to())  # another process, which remembers nothing
    assert list(city.requests) == [remote_id]
    assert again(to(), "c-2:opened:1") != remote_id
    assert len(city.requests) == 2
    assert city.calls.count("GET /open311/v2/requests.json") == 2


def test_looking_first_can_be_turned_off(city, to):
    again(to(look_first=False))
    assert city.calls == ["POST /open311/v2/requests.json"]


def test_other_letters_make_no_request(city, to):
    for kind in ("updated", "cleared", "voided"):
        assert deliver(to(), kind=kind) is None
        assert again(to(), kind=kind) is None
    assert city.calls == []


def test_the_api_key_is_sent_and_a_wrong_one_is_no_refusal(city, to, monkeypatch):
    city.api_key = "k1"
    monkeypatch.setenv("XUNJIE_TEST_KEY", "k1")
    assert deliver(to(api_key_env="XUNJIE_TEST_KEY"))
    monkeypatch.setenv("XUNJIE_TEST_KEY", "k2")
    with pytest.raises(DeliveryUnavailable, match=r"HTTP 403 .*wrong api_key"):
        deliver(to(api_key_env="XUNJIE_TEST_KEY"), "other")
    with pytest.raises(ConfigError, match="XUNJIE_NO_KEY"):
        to(api_key_env="XUNJIE_NO_KEY")


def test_refusals_and_failures(city, to):
    city.script = ["status:400", "status:500"]
    with pytest.raises(DeliveryRefused, match="as you wish"):
        deliver(to())
    with pytest.raises(DeliveryUnavailable, match="HTTP 500"):
        deliver(to())


@pytest.fixture
def asked(city, street):
    destination = DestinationConfig(name="city", sink=config(city))
    street.wire(destination)
    street.clock.now = utc_now()  # as the server's
    position = Position(x=119.22, y=34.6, error_radius_m=3)
    (case_id,) = street.look(
        street.cover(position=position, source_id="car"), source_id="car"
    ).cases
    desk = OutcomeDesk(street.database, street.clock)
    (collector,) = build_collectors(street.outbox, desk, [destination])
    courier = Courier(street.outbox, destination, build_sink(destination.sink, "city"))
    yield street, case_id, courier, collector
    collector.stop()
    courier.stop()


def test_a_letter_that_was_in_a_courier_s_hands_before_is_looked_for(city, asked):
    street, _, courier, _ = asked
    city.script = ["lost"]
    assert courier.carry() == 0
    assert city.calls == ["POST /open311/v2/requests.json"]
    street.clock.pass_s(5)
    assert courier.carry() == 1
    assert len(city.requests) == 1
    (row,) = street.queries.deliveries().items
    street.outbox.redeliver(row.id)
    assert courier.carry() == 1
    assert len(city.requests) == 1


def state(asked):
    return asked[0].queue.get(asked[1]).state


def test_the_status_comes_back_by_polling(city, asked):
    _, _, courier, collector = asked
    assert collector.collect() == 0
    assert courier.carry() == 1
    assert collector.collect() == 1
    assert state(asked) == CaseState.REGISTERED
    assert collector.collect() == 0
    city.close("1000", "cleaned")
    assert collector.collect() == 1
    assert state(asked) == CaseState.CLOSED
    city.calls.clear()
    assert collector.collect() == 0
    assert city.calls == []  # a case that has ended is not asked for


def test_a_token_is_followed_until_it_gives_the_id(city, asked):
    street, _case_id, courier, collector = asked
    city.script = ["token"]
    assert courier.carry() == 1
    (row,) = street.queries.deliveries().items
    assert row.remote_id == "token:t1000"
    assert collector.collect() == 0
    city.tokens["t1000"] = "1000"
    assert collector.collect() == 1
    (row,) = street.queries.deliveries().items
    assert row.remote_id == "1000"
    assert state(asked) == CaseState.REGISTERED


def test_closed_as_refused_is_a_refusal_with_its_reason(city, asked):
    street, case_id, courier, collector = asked
    courier.carry()
    city.close("1000", "不予受理：不在辖区")
    assert collector.collect() == 1
    assert state(asked) == CaseState.REFUSED
    assert "不在辖区" in street.queue.events(case_id)[-1].note


def test_what_comes_back_is_a_new_request_and_the_old_status_does_not_close_it(city, asked):
    street, _case_id, courier, collector = asked
    courier.carry()
    city.close("1000")
    collector.collect()
    assert state(asked) == CaseState.CLOSED
    position = Position(x=119.22, y=34.6, error_radius_m=3)
    street.look(street.cover(position=position, source_id="car"), source_id="car", step_s=60)
    assert state(asked) == CaseState.SENT_BACK
    assert courier.carry() == 1
    assert list(city.requests) == ["1000", "1001"]
    assert collector.collect() == 1
    assert state(asked) == CaseState.REGISTERED
    city.close("1001", minute=5)
    assert collector.collect() == 1
    assert state(asked) == CaseState.CLOSED


def test_many_are_asked_for_together(city, street):
    destination = DestinationConfig(name="city", sink=config(city), batch=200)
    street.wire(destination)
    street.clock.now = utc_now() + timedelta(seconds=1)
    cars = [Position(x=119.2 + i / 1000, y=34.6, error_radius_m=1) for i in range(60)]
    street.look(
        *(street.cover(position=p, source_id="car") for p in cars[:1]),
        source_id="car",
    )
    for position in cars[1:]:
        street.look(street.cover(position=position, source_id="car"), source_id="car")
    courier = Courier(street.outbox, destination, build_sink(destination.sink, "city"))
    while courier.carry():
        pass
    assert len(city.requests) == 60
    desk = OutcomeDesk(street.database, street.clock)
    (collector,) = build_collectors(street.outbox, desk, [destination])
    city.calls.clear()
    assert collector.collect() == 60
    assert len(city.calls) == 2
    collector.stop()
    courier.stop()
