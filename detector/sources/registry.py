"""Finds the kinds of sources and builds one from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union, cast

from pydantic import Field, TypeAdapter, ValidationError

import detector.sources
from detector.plugins import plugin_modules
from detector.sources.base import BaseSourceConfig, SourceContext
from detector.types import ConfigError, Source, field_errors

__all__ = ["SourceConfig", "SourceContext", "build_source", "parse_source"]

_MODULES = plugin_modules(detector.sources, "KIND")

if TYPE_CHECKING:
    SourceConfig = BaseSourceConfig
else:  # a union over whatever plugin files lie in the package
    SourceConfig = Annotated[
        Union[tuple(module.CONFIG for module in _MODULES.values())],  # noqa: UP007
        Field(discriminator="kind"),
    ]

_ADAPTER: TypeAdapter[BaseSourceConfig] = TypeAdapter(SourceConfig)


def parse_source(raw: Any) -> BaseSourceConfig:
    """Settings from plain data. Raises ConfigError naming the field, never its value."""
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        faults = field_errors(error.errors(include_input=False, include_url=False))
        text = "; ".join(str(fault) if fault.field else f"source: {fault}" for fault in faults)
        first = faults[0]
        raise ConfigError(text, code="setting", field=first.field, why=first) from error


def build_source(config: BaseSourceConfig, context: SourceContext) -> Source:
    """The source for those settings, not yet started."""
    kind = getattr(config, "kind", "")
    module = _MODULES.get(kind)
    if module is None:
        raise ConfigError(f"source {config.id}: unknown kind {kind!r}")
    return cast(Source, module.build(config, context))
