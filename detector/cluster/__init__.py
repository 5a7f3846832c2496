"""Machines that share one city's cameras: who is there, who looks at what, whose word counts.

Truth is in the database alone. A node renews one row of its own; what it holds is free for the
others once that row has expired. Each change of holder counts the lease's epoch up, and a look is
written only in a transaction that has seen its own epoch still in force (`Fence`).
"""

from detector.cluster.config import ClusterConfig
from detector.cluster.errors import CameraLostError, NodeReplacedError
from detector.cluster.fair_share import fair_share
from detector.cluster.fence import Fence
from detector.cluster.lease import Lease
from detector.cluster.lease_book import LeaseBook
from detector.cluster.member import Holder, Load, Member
from detector.cluster.node import Node, NodeProfile
from detector.cluster.node_book import NodeBook
from detector.cluster.signals import Signals

__all__ = [
    "CameraLostError",
    "ClusterConfig",
    "Fence",
    "Holder",
    "Lease",
    "LeaseBook",
    "Load",
    "Member",
    "Node",
    "NodeBook",
    "NodeProfile",
    "NodeReplacedError",
    "Signals",
    "fair_share",
]
