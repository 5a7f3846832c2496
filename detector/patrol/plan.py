"""What a city of cameras needs, from what a look costs on a measured machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

BUSY_SHARE: Final = 0.7
"""Of the cores that looks may take: the rest is for bursts, pages, deliveries and one machine in
ten that is being mended."""


class Costs(BaseModel):
    """What was measured on one machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    examined_core_ms: float = Field(gt=0)
    """A look at which the networks run, decoding of one keyframe included."""

    carried_core_ms: float = Field(gt=0)
    """A look that keeps the detections of the last one."""

    second_core_ms: float = Field(default=0, ge=0)
    """What a look takes more in which something may be: that pass is made again."""

    connected_core_ms_per_s: float = Field(ge=0)
    """A stream that stays connected, by reading alone."""

    visit_core_ms: float = Field(ge=0)
    """Connecting and letting go, decoding left out."""

    connected_mib: float = Field(gt=0)
    visited_mib: float = Field(gt=0)
    base_mib: float = Field(gt=0)


class Assumed(BaseModel):
    """What a machine cannot measure of a city; each can be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    carried_share: float = Field(default=0.0, ge=0, lt=1)
    twice_share: float = Field(default=0.2, ge=0, le=1)
    """Of the other looks those in which something may be."""
    stream_mbit_s: float = Field(default=4.0, gt=0)
    keyframe_kib: float = Field(default=250.0, gt=0)
    snapshot_kib: float = Field(default=400.0, gt=0)
    keyframe_every_s: float = Field(default=2.0, gt=0)
    incidents_per_camera_day: float = Field(default=0.5, ge=0)
    evidence_mib: float = Field(default=8.0, ge=0)
    evidence_days: float = Field(default=180, gt=0)
    cores_per_machine: int = Field(default=32, ge=1)
    memory_gib_per_machine: float = Field(default=64, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One way of reaching the cameras."""

    way: str  # "connected", "visited", "snapshots"
    cores: float
    machines: int
    memory_gib: float
    network_mbit_s: float
    evidence_tib: float


def plans(cameras: int, interval_s: float, costs: Costs, assumed: Assumed) -> list[Plan]:
    """Staying connected, visiting in turns, and fetching snapshots, for the same looks."""
    looks_per_s = cameras / interval_s
    share = assumed.carried_share
    examined_ms = costs.examined_core_ms + assumed.twice_share * costs.second_core_ms
    look_ms = (1 - share) * examined_ms + share * costs.carried_core_ms
    looks_ms = looks_per_s * look_ms
    # A visit waits half a keyframe interval on average and reads all that comes meanwhile.
    read_mbit = assumed.stream_mbit_s * assumed.keyframe_every_s / 2 + _mbit(assumed.keyframe_kib)
    return [
        _plan(
            "connected",
            looks_ms + cameras * costs.connected_core_ms_per_s,
            cameras * costs.connected_mib,
            cameras * assumed.stream_mbit_s,
            cameras,
            costs,
            assumed,
        ),
        _plan(
            "visited",
            looks_ms + looks_per_s * costs.visit_core_ms,
            cameras * costs.visited_mib,
            looks_per_s * read_mbit,
            cameras,
            costs,
            assumed,
        ),
        _plan(
            "snapshots",
            looks_ms,
            cameras * costs.visited_mib,
            looks_per_s * _mbit(assumed.snapshot_kib),
            cameras,
            costs,
            assumed,
        ),
    ]


def _plan(
    way: str,
    core_ms_per_s: float,
    memory_mib: float,
    network_mbit_s: float,
    cameras: int,
    costs: Costs,
    assumed: Assumed,
) -> Plan:
    cores = core_ms_per_s / 1000 / BUSY_SHARE
    free_mib = assumed.memory_gib_per_machine * 1024 * BUSY_SHARE - costs.base_mib
    machines = max(
        math.ceil(cores / assumed.cores_per_machine), math.ceil(memory_mib / max(1.0, free_mib)), 1
    )
    kept = assumed.incidents_per_camera_day * assumed.evidence_days
    return Plan(
        way=way,
        cores=cores,
        machines=machines,
        memory_gib=(memory_mib + machines * costs.base_mib) / 1024,
        network_mbit_s=network_mbit_s,
        evidence_tib=cameras * kept * assumed.evidence_mib / 1024**2,
    )


def _mbit(kib: float) -> float:
    return kib * 1024 * 8 / 1e6
