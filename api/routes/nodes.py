"""The machines that share the cameras."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ERRORS, ServiceDep
from api.node_profile import reachable

router = APIRouter(prefix="/api/nodes", tags=["operation"], responses=ERRORS)


class NodeStatus(BaseModel):
    """One machine as it last spoke of itself."""

    name: str
    host: str
    address: str
    """Of its pages; empty where they cannot be reached from here."""

    this: bool
    """The one that answers."""

    alive: bool
    capacity: float
    cameras: int
    looks_per_s: float
    same_cameras: bool
    """False: it is configured for other cameras than the one that answers."""

    joined_at: datetime
    seen_at: datetime


@router.get("")
def list_nodes(service: ServiceDep) -> list[NodeStatus]:
    """By name, those lately gone too; none where one machine works alone."""
    if service.member is None:
        return []
    nodes = service.member.book.all()
    own = next((n.camera_list for n in nodes if n.name == service.node), "")
    return [
        NodeStatus(
            name=node.name,
            host=node.host,
            address=reachable(node),
            this=node.name == service.node,
            alive=node.alive,
            capacity=node.capacity,
            cameras=node.cameras if node.alive else 0,
            looks_per_s=round(node.looks_per_s, 2) if node.alive else 0.0,
            same_cameras=node.camera_list == own,
            joined_at=node.joined_at,
            seen_at=node.seen_at,
        )
        for node in nodes
    ]
