"""Finds the one-file plugins of a package: rules, sources, sinks."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from detector.types import ConfigError


def plugin_modules(package: ModuleType, marker: str) -> dict[str, ModuleType]:
    """Modules of `package` that define `marker`, by the marker's value.

    A module's ImportError is not caught: a broken plugin must stop the start, not vanish.
    Raises ConfigError when two modules claim one name.
    """
    found: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        name = getattr(module, marker, None)
        if name is None:
            continue
        if name in found:
            raise ConfigError(
                f"{found[name].__name__} and {module.__name__} both define {marker} = {name!r}"
            )
        found[name] = module
    return found
