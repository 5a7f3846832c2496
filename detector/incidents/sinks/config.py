"""What the config classes of all sinks share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SinkConfig(BaseModel):
    """Base of every sink's config; a subclass adds `kind: Literal[...]` with its own name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
