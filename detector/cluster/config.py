"""How machines that share the cameras keep in touch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ClusterConfig(BaseModel):
    """Only in force where `xunjie run` is given `--node` or `--cluster`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    beat_s: float = Field(default=2, gt=0, le=60)
    """How often a node says that it lives, and looks for cameras without a holder."""

    lease_s: float = Field(default=8, gt=0, le=600)
    """How long after its last beat a node's cameras are its own."""

    capacity: float | None = Field(default=None, gt=0)
    """This machine's share beside the others' numbers; None: its cores."""

    address: str | None = Field(default=None, pattern=r"^https?://[^\s\"'<>]+$", max_length=300)
    """Where the other nodes and people reach this node's pages; None: its `http.host` and port,
    unless that is loopback."""

    @model_validator(mode="after")
    def _beats_in_time(self) -> ClusterConfig:
        if self.lease_s < 3 * self.beat_s:
            raise ValueError(
                "lease_s must be three times beat_s or more: one late beat is no death"
            )
        return self
