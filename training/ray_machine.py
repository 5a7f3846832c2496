"""The machine of a Ray cluster that trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from detector.types import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    node_id: str
    host: str
    cores: int
    gpus: int


def best_machine(nodes: Iterable[Mapping[str, Any]]) -> Machine:
    """Of `ray.nodes()`: one with a GPU if there is any, else the one with the most cores; by id
    among equals. Raises ConfigError where none is alive."""
    machines = [
        Machine(
            node_id=node["NodeID"],
            host=node["NodeManagerHostname"],
            cores=int(node["Resources"].get("CPU", 0)),
            gpus=int(node["Resources"].get("GPU", 0)),
        )
        for node in nodes
        if node["Alive"]
    ]
    able = [machine for machine in machines if machine.cores]
    if not able:
        raise ConfigError("no machine of the cluster offers a core")
    return min(able, key=lambda each: (not each.gpus, -each.cores, each.node_id))
