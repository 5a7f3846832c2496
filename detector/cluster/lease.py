"""Who looks at a camera."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """It ends with its holder's row in the table of nodes, so that a node with a thousand cameras
    renews one row, not a thousand."""

    unit: str
    """A fixed camera's id, or what all moving sources share, or a duty that one node does."""

    holder: str
    epoch: int
    """Counts the holders of this unit."""
