"""Finds the sinks: one file each beside this one.

A sink's module defines `KIND` (its name in the config), `Config` (a SinkConfig whose `kind` is
that literal) and `build(config, name)`, which returns a CaseSink for the destination `name`. One
whose destination can be asked for outcomes also defines `build_fetcher(config, name)`, which
returns an OutcomeFetcher or, where the config wants none, None.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, reduce
from operator import or_
from types import ModuleType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny, TypeAdapter, ValidationError

from detector.incidents import sinks
from detector.incidents.sinks.config import SinkConfig
from detector.incidents.sinks.remote_outcome import OutcomeFetcher
from detector.plugins import plugin_modules
from detector.types import CaseSink, ConfigError


@cache
def sink_modules() -> Mapping[str, ModuleType]:
    """Every sink's module by its kind. A module that fails to import stops the start."""
    return plugin_modules(sinks, "KIND")


@cache
def sink_adapter() -> TypeAdapter[SinkConfig]:
    """Validates any sink's config by its `kind`; also gives the JSON Schema of all of them."""
    configs = [module.Config for module in sink_modules().values()]
    if len(configs) == 1:
        return TypeAdapter(configs[0])
    union: Any = reduce(or_, configs)
    return TypeAdapter(Annotated[union, Field(discriminator="kind")])


def parse_sink_config(data: Mapping[str, Any]) -> SinkConfig:
    """Raises ConfigError that names the field."""
    try:
        return sink_adapter().validate_python(data)
    except ValidationError as error:
        lines = (f"sink.{_path(e['loc'])}: {e['msg']}" for e in error.errors())
        raise ConfigError("; ".join(lines)) from error


def build_sink(config: SinkConfig, name: str) -> CaseSink:
    """The sink of the destination `name`. Raises ConfigError, e.g. where its secret is missing."""
    module = sink_modules().get(config.kind)
    if module is None:
        known = ", ".join(sorted(sink_modules()))
        raise ConfigError(f"destination {name!r}: sink kind {config.kind!r} is not one of {known}")
    sink: CaseSink = module.build(config, name)
    return sink


def build_fetcher(config: SinkConfig, name: str) -> OutcomeFetcher | None:
    """What asks the destination for outcomes; None: it cannot be asked."""
    build = getattr(sink_modules().get(config.kind), "build_fetcher", None)
    fetcher: OutcomeFetcher | None = build(config, name) if build else None
    return fetcher


def _validated(value: Any) -> Any:
    return value if isinstance(value, SinkConfig) else sink_adapter().validate_python(value)


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)


AnySinkConfig = Annotated[SerializeAsAny[SinkConfig], BeforeValidator(_validated)]
"""A field that takes the config of any sink there is."""
