"""One file a violation; `build_rule` finds them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from detector.plugins import plugin_modules
from detector.types import ConfigError, Rule


@cache
def rule_modules() -> Mapping[str, ModuleType]:
    """Every rule's module by its violation. A module that fails to import stops the start."""
    return plugin_modules(sys.modules[__name__], "VIOLATION")


def build_rule(settings: dict[str, Any]) -> Rule:
    """The rule that `settings["rule"]` names, with its parameters.

    Raises ConfigError naming the unknown rule or the field at fault.
    """
    modules, name = rule_modules(), settings.get("rule")
    module = modules.get(name) if isinstance(name, str) else None
    if module is None:
        raise ConfigError(f"unknown rule {name!r}; known: {', '.join(sorted(modules))}")
    try:
        config = module.CONFIG.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ConfigError(f"rule {name}: {field}: {first['msg']}") from error
    rule: Rule = module.RULE(config)
    return rule
