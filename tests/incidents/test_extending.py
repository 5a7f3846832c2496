"""The example of docs/extending.md works as it stands, and every sink is tested and described."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from detector.incidents import Courier, DestinationConfig, build_sink, parse_sink_config
from detector.incidents.sinks import registry
from detector.plugins import plugin_modules
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
KINDS = sorted(registry.sink_modules())


def example() -> str:
    page = (DOCS / "extending.md").read_text()
    (code,) = re.findall(r"<!-- example: sink -->\n```python\n(.*?)```", page, re.DOTALL)
    return code


@pytest.fixture
def dropbox(monkeypatch, tmp_path):
    """The example in its place beside the others, for one test."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "dropbox.py").write_text(example())
    package = ModuleType("detector.incidents.sinks")
    own = Path(registry.__file__).parent
    package.__path__ = [str(own), str(tmp_path / "plugins")]
    monkeypatch.setattr(registry, "sinks", package)
    monkeypatch.setattr(sys.modules["detector.incidents.sinks"], "__path__", package.__path__)
    registry.sink_modules.cache_clear()
    registry.sink_adapter.cache_clear()
    yield
    sys.modules.pop("detector.incidents.sinks.dropbox", None)
    monkeypatch.undo()
    registry.sink_modules.cache_clear()
    registry.sink_adapter.cache_clear()


def test_the_example_is_short():
    assert len(example().splitlines()) < 80


def test_the_example_delivers_and_fails_truthfully(dropbox, tmp_path, street):
    folder = tmp_path / "cases"
    destination = DestinationConfig(name="archive", sink={"kind": "dropbox", "folder": folder})
    street.wire(destination)
    street.look(street.cover())
    courier = Courier(street.outbox, destination, build_sink(destination.sink, "archive"))
    assert courier.carry() == 0  # the folder is not there yet
    assert "No such file" in street.outbox.stats()[0].last_error
    folder.mkdir()
    street.clock.pass_s(60)
    assert courier.carry() == 1
    (row,) = street.queries.deliveries().items
    (file,) = folder.iterdir()
    assert file.name == row.remote_id
    assert json.loads(file.read_text())["case_id"] == str(row.case_id)
    street.outbox.redeliver(row.id)
    assert courier.carry() == 1
    assert len(list(folder.iterdir())) == 1
    courier.stop()


def test_the_example_refuses_what_it_cannot_take(dropbox, tmp_path):
    config = {"kind": "dropbox", "folder": str(tmp_path), "most_bytes": 1000}
    sink = build_sink(parse_sink_config(config), "archive")
    with pytest.raises(DeliveryRefused, match="too large"):
        sink.deliver({"text": "x" * 2000}, idempotency_key="k")
    with pytest.raises(DeliveryRefused):
        sink.deliver({}, idempotency_key="k" * 300)
    gone = build_sink(parse_sink_config({**config, "folder": str(tmp_path / "no")}), "archive")
    with pytest.raises(DeliveryUnavailable):
        gone.deliver({}, idempotency_key="k")
    with pytest.raises(ConfigError, match="most_bytes"):
        parse_sink_config({**config, "most_bytes": 1})


def test_the_example_is_in_the_schema_of_all_sinks(dropbox):
    assert "dropbox" in json.dumps(registry.sink_adapter().json_schema())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "fake"])
def test_every_sink_has_a_test_and_a_heading(kind):
    assert (ROOT / "tests" / "incidents" / f"test_{kind}_sink.py").is_file()
    page = (DOCS / "integrations.md").read_text()
    assert re.search(rf"^### `{kind}`", page, re.MULTILINE)


def test_there_are_the_sinks_the_city_asked_for():
    assert {"http", "open311", "amqp", "mqtt", "form", "fake"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sink_module_is_whole(kind):
    module = registry.sink_modules()[kind]
    assert module.Config.model_fields["kind"].default == kind
    assert module.Config.model_config["extra"] == "forbid"
    assert module.Config.model_config["frozen"]
    assert module.Config.__doc__
    assert callable(module.build)
    with pytest.raises(ValidationError):
        module.Config(kind=kind, no_such_field=1)


def test_a_broken_plugin_and_a_name_taken_twice_stop_the_start(tmp_path):
    def package(name, **files):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for file, text in files.items():
            (folder / f"{file}.py").write_text(text)
        sys.path.insert(0, str(tmp_path))
        try:
            module = __import__(name)
            return plugin_modules(module, "KIND")
        finally:
            sys.path.remove(str(tmp_path))

    with pytest.raises(ImportError):
        package("broken_sinks", one="import no_such_library_here")
    with pytest.raises(ConfigError, match=r"twice_sinks\.a and twice_sinks\.b both define"):
        package("twice_sinks", a="KIND = 'x'", b="KIND = 'x'")


@pytest.mark.parametrize(
    ("kind", "library", "values"),
    [
        ("amqp", "pika", {"host": "h", "routing_key": "q"}),
        ("mqtt", "paho.mqtt.client", {"host": "h"}),
    ],
)
def test_a_missing_library_is_named_with_the_way_to_install_it(monkeypatch, kind, library, values):
    monkeypatch.setitem(sys.modules, library, None)
    config = parse_sink_config({"kind": kind, **values})
    with pytest.raises(ConfigError, match=rf"pip install 'xunjie\[{kind}\]'"):
        build_sink(config, "city")


def test_every_test_that_the_page_names_is_there():
    page = (DOCS / "integrations.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    known: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        known.update(re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE))
    assert len(named) > 50
    assert named - known == set()
