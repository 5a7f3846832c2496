"""One node's part in the sharing of cameras."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import uuid4

import structlog

from detector.cluster.config import ClusterConfig
from detector.cluster.errors import NodeReplacedError
from detector.cluster.fair_share import fair_share
from detector.cluster.fence import Fence
from detector.cluster.lease import Lease
from detector.cluster.lease_book import LeaseBook
from detector.cluster.node import Node, NodeProfile
from detector.cluster.node_book import Clock, NodeBook
from detector.cluster.signals import Signals
from detector.incidents import Database
from detector.incidents.dialect import database_now
from detector.types import XunjieError

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 100  # leases taken in one step, so that others get theirs
_LEAVERS: Final = 8  # sources that are stopped side by side
_REFUSED_S: Final = 60.0  # before a camera that could not be built here is tried again
_RATE_S: Final = 20.0
_LEAST_REST_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a node does. `looks` counts since its start."""

    cameras: int
    looks: int


class Holder(Protocol):
    """What looks at cameras. Called from one thread, `let_go` from several."""

    def units(self) -> frozenset[str]:
        """All that this node is configured for."""
        ...

    def hold(self, fence: Fence) -> None:
        """Looks at the fence's unit from now on. Raises XunjieError."""
        ...

    def let_go(self, unit: str, *, save: bool) -> None:
        """Looks at it no more; `save`: it is still ours, so what is in memory is written."""
        ...

    def load(self) -> Load: ...

    def signalled(self, subject: str) -> None:
        """Something was changed on another node."""
        ...


class Member:
    """Two threads: one says that the node lives, the other takes cameras and lets go of them, so
    that a source that is slow to stop never makes the node look dead."""

    def __init__(
        self,
        database: Database,
        profile: NodeProfile,
        config: ClusterConfig,
        holder: Holder,
        duties: Collection[str] = (),
        clock: Clock = database_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`duties`: units that one of all nodes has, whichever, beside its share of cameras."""
        self.book = NodeBook(database, profile, uuid4(), config.lease_s, clock)
        self.leases = LeaseBook(database, self.book, clock)
        self.signals = Signals(database)
        self.fault = ""
        self._config = config
        self._holder = holder
        self._duties = frozenset(duties)
        self._monotonic = monotonic
        self._good_until_s = 0.0
        self._held: dict[str, Lease] = {}
        self._enrolled: set[str] = set()
        self._refused: dict[str, float] = {}
        self._heard: dict[str, int] = {}
        self._looks: deque[tuple[float, int]] = deque()
        self._warned = ""
        self._next_death_s = float("inf")
        self._stopping = threading.Event()
        self._leaving = threading.Event()
        self._beater = threading.Thread(target=self._beat_on, name="node-beats", daemon=True)
        self._balancer = threading.Thread(target=self._share_on, name="node-shares", daemon=True)

    @property
    def name(self) -> str:
        return self.book.name

    @property
    def alive(self) -> bool:
        """Whether what it holds is still its own, by its own clock."""
        return self._monotonic() < self._good_until_s

    @property
    def rest_s(self) -> float:
        """Until the next step of sharing: a beat, or less where another node's row expires before.
        A dead node's cameras then wait for no turn of ours."""
        left_s = self._next_death_s - self._monotonic()
        return min(self._config.beat_s, max(_LEAST_REST_S, left_s))

    def holds(self, unit: str) -> bool:
        return unit in self._held and self.alive

    def join(self) -> None:
        """Raises ConfigError."""
        began_s = self._monotonic()
        self.book.join(_digest(self._holder.units()))
        self._good_until_s = began_s + self._config.lease_s
        self._heard = self.signals.all()

    def start(self) -> None:
        self.join()
        self._beater.start()
        self._balancer.start()

    def stop_sharing(self) -> None:
        """Takes and gives nothing more, but lives on until `leave`; idempotent."""
        self._stopping.set()
        if self._balancer.ident is not None:
            self._balancer.join(timeout=30)

    def leave(self) -> None:
        """Hands everything back at once; idempotent. The cameras have been closed before."""
        self.stop_sharing()
        if self._leaving.is_set():
            return
        self._leaving.set()
        if self._beater.ident is not None:
            self._beater.join(timeout=30)
        try:
            self.book.leave()
        except Exception:
            _log.exception("node_not_signed_off", node=self.name)  # its row expires
        self._held.clear()

    def beat(self) -> None:
        """Renews the node's row. Raises NodeReplacedError."""
        began_s = self._monotonic()
        load = self._holder.load()
        rate = self._rate(began_s, load.looks)
        self.book.beat(load.cameras, rate, _digest(self._holder.units()))
        self._good_until_s = began_s + self._config.lease_s

    def share(self) -> bool:
        """One step towards the fair share; True: another should follow at once.

        Raises NodeReplacedError.
        """
        self._hear()
        units = self._holder.units()
        self._enrol(units)
        mine = self.leases.mine()
        self._drop_lost(mine)
        self._return_unheld(mine)
        everybody = [node for node in self.book.all() if node.alive]
        self._watch_for_deaths(everybody)
        held = {unit for unit in self._held if unit not in self._duties}
        longest = list(self._held)  # first
        self._give(held - units)  # configured no more
        held &= units
        if not self._agree(everybody):
            return self._take(units, len(units) - len(held))
        shares = fair_share(len(units), {node.name: node.capacity for node in everybody})
        wanted = shares.get(self.name, 0) - len(held)
        if wanted < 0:
            # Each camera in turn: else the same few changed hands with every node that comes.
            self._give([unit for unit in longest if unit in held][:-wanted])
        return self._take(units, max(0, wanted))

    def _watch_for_deaths(self, everybody: Iterable[Node]) -> None:
        left_s = (node.expires_in_s for node in everybody if node.name != self.name)
        self._next_death_s = self._monotonic() + min(left_s, default=float("inf"))

    def _hear(self) -> None:
        heard = self.signals.all()
        for subject in [name for name, number in heard.items() if self._heard.get(name) != number]:
            self._holder.signalled(subject)
        self._heard = heard

    def _enrol(self, units: Iterable[str]) -> None:
        fresh = (set(units) | self._duties) - self._enrolled
        if fresh:
            self.leases.enrol(fresh)
            self._enrolled |= fresh

    def _drop_lost(self, mine: dict[str, int]) -> None:
        lost = [u for u, lease in self._held.items() if mine.get(u) != lease.epoch]
        for unit in lost:
            self._held.pop(unit)
            if unit not in self._duties:
                self._holder.let_go(unit, save=False)
        if lost:
            _log.warning("cameras_lost", node=self.name, count=len(lost), first=sorted(lost)[0])

    def _return_unheld(self, mine: dict[str, int]) -> None:
        """What a step that broke off has taken and never looked at."""
        unheld = [
            Lease(unit=unit, holder=self.name, epoch=epoch)
            for unit, epoch in mine.items()
            if unit not in self._held
        ]
        if unheld:
            self.leases.release(unheld)

    def _give(self, units: Iterable[str]) -> None:
        going = [self._held[unit] for unit in units]
        if not going:
            return
        with ThreadPoolExecutor(_LEAVERS) as pool:
            leaving = {pool.submit(self._holder.let_go, x.unit, save=True): x for x in going}
            for left in as_completed(leaving):  # none waits for one that is slow to stop
                left.result()
                lease = leaving[left]
                self._held.pop(lease.unit)
                self.leases.release([lease])
        _log.info("cameras_given", node=self.name, count=len(going))

    def _take(self, units: Iterable[str], wanted: int) -> bool:
        free = self.leases.free()
        now_s = self._monotonic()
        can = [u for u in free & set(units) if self._refused.get(u, 0.0) <= now_s]
        chosen = random.sample(can, min(wanted, len(can), _AT_ONCE))  # so that nodes differ
        duties = sorted(free & self._duties)
        if not chosen and not duties:
            return False
        taken = self.leases.claim([*chosen, *duties])
        cameras = [lease for lease in taken if lease.unit not in self._duties]
        for lease in taken:
            if lease.unit in self._duties:
                self._held[lease.unit] = lease
        kept = sum(self._hold(lease) for lease in cameras)
        if kept:
            _log.info("cameras_taken", node=self.name, count=kept)
        return kept < min(wanted, len(can)) and bool(cameras)

    def _hold(self, lease: Lease) -> bool:
        try:
            self._holder.hold(Fence(lease, self._config.lease_s, lambda: self.alive))
        except XunjieError as error:
            _log.error("camera_refused", node=self.name, camera=lease.unit, error=str(error))
            self._refused[lease.unit] = self._monotonic() + _REFUSED_S
            self.leases.release([lease])
            return False
        self._held[lease.unit] = lease
        return True

    def _agree(self, everybody: Collection[Node]) -> bool:
        """Nodes with other lists of cameras cannot share by number: each then takes what is free,
        so that no camera is left alone, and lets go of none."""
        own = _digest(self._holder.units())
        others = ", ".join(node.name for node in everybody if node.camera_list != own)
        if others and others != self._warned:
            _log.warning("camera_lists_differ", node=self.name, others=others)
        self._warned = others
        return not others

    def _rate(self, now_s: float, looks: int) -> float:
        self._looks.append((now_s, looks))
        while len(self._looks) > 2 and now_s - self._looks[0][0] > _RATE_S:
            self._looks.popleft()
        first_s, first = self._looks[0]
        return (looks - first) / (now_s - first_s) if now_s > first_s else 0.0

    def _beat_on(self) -> None:
        while not self._leaving.wait(self._config.beat_s):
            try:
                self.beat()
                self.fault = ""
            except NodeReplacedError as error:
                self._good_until_s = 0.0
                self.fault = str(error)
                _log.error("node_replaced", node=self.name)
                return
            except Exception as error:
                # A database that is away comes back; until then nothing can be written anyway.
                self.fault = f"node {self.name} could not renew its row: {type(error).__name__}"
                _log.warning("beat_failed", node=self.name, error=str(error))

    def _share_on(self) -> None:
        again = True
        while not self._stopping.wait(0.0 if again else self.rest_s):
            again = False
            try:
                again = self.share()
            except NodeReplacedError:
                self._drop_lost({})
                return
            except Exception as error:
                _log.warning("sharing_failed", node=self.name, error=str(error))


def _digest(units: Collection[str]) -> str:
    return hashlib.sha256("\n".join(sorted(units)).encode()).hexdigest()
