"""One file a violation; `build_rule` finds them."""

from __future__ import annotations

import sys
from typing import Any

from pydantic import ValidationError

from detector.plugins import plugin_modules
from detector.types import ConfigError, Rule


def build_rule(settings: dict[str, Any]) -> Rule:
    """The rule that `settings["rule"]` names, with its parameters.

    Raises ConfigError naming the unknown rule or the field at fault.
    """
    modules = plugin_modules(sys.modules[__name__], "VIOLATION")
    name = settings.get("rule")
    if name not in modules:
        raise ConfigError(f"unknown rule {name!r}; known: {', '.join(sorted(modules))}")
    try:
        config = modules[name].CONFIG.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ConfigError(f"rule {name}: {field}: {first['msg']}") from error
    rule: Rule = modules[name].RULE(config)
    return rule
