"""Prometheus metrics, read from the service when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import psutil
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from detector.types import SourceState

if TYPE_CHECKING:
    from api.service import Service


class ServiceCollector:
    """Counts live where they arise; nothing is counted twice for metrics."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: registering must not query the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from self._sources()
        yield from self._destinations()
        yield from self._records()
        yield from self._nodes()
        memory = GaugeMetricFamily("xunjie_resident_bytes", "Resident memory of the process")
        memory.add_metric([], psutil.Process().memory_info().rss)
        yield memory

    def _sources(self) -> Iterator[Metric]:
        looks = CounterMetricFamily("xunjie_looks", "Usable looks", labels=["source"])
        failed = CounterMetricFamily("xunjie_failed_looks", "Not recorded", labels=["source"])
        blind = CounterMetricFamily(
            "xunjie_blind_seconds", "Time without a usable look", labels=["source", "reason"]
        )
        stale = GaugeMetricFamily(
            "xunjie_staleness_seconds", "Since the last usable look", labels=["source"]
        )
        reconnects = CounterMetricFamily("xunjie_reconnects", "Reconnects", labels=["source"])
        state = GaugeMetricFamily(
            "xunjie_source_state", "1 for the state it is in", labels=["source", "state"]
        )
        for camera in self._service.engine.cameras:
            tally, health = camera.tally.snapshot(), camera.source.health()
            looks.add_metric([camera.id], tally.looks)
            failed.add_metric([camera.id], tally.failed_looks)
            for reason, seconds in tally.blind_s.items():
                blind.add_metric([camera.id, reason], seconds)
            stale.add_metric([camera.id], tally.stale_s)
            reconnects.add_metric([camera.id], health.reconnects)
            for each in SourceState:
                state.add_metric([camera.id, each], float(health.state is each))
        yield from (looks, failed, blind, stale, reconnects, state)

    def _destinations(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily(
            "xunjie_outbox_depth", "Deliveries that wait", labels=["destination"]
        )
        age = GaugeMetricFamily(
            "xunjie_delivery_age_seconds", "Age of the oldest that waits", labels=["destination"]
        )
        aside = GaugeMetricFamily(
            "xunjie_quarantined", "Deliveries set aside for a person", labels=["destination"]
        )
        done = CounterMetricFamily("xunjie_delivered", "Deliveries made", labels=["destination"])
        for stats in self._service.records.outbox.stats():
            depth.add_metric([stats.destination], stats.pending)
            age.add_metric([stats.destination], stats.oldest_pending_s)
            aside.add_metric([stats.destination], stats.quarantined)
            done.add_metric([stats.destination], stats.delivered)
        yield from (depth, age, aside, done)

    def _nodes(self) -> Iterator[Metric]:
        if self._service.member is None:
            return
        up = GaugeMetricFamily("xunjie_node_up", "1 while it lives", labels=["node"])
        cameras = GaugeMetricFamily("xunjie_node_cameras", "Looked at now", labels=["node"])
        rate = GaugeMetricFamily("xunjie_node_looks_per_second", "Usable looks", labels=["node"])
        capacity = GaugeMetricFamily("xunjie_node_capacity", "Its share's weight", labels=["node"])
        for node in self._service.member.book.all():
            up.add_metric([node.name], float(node.alive))
            cameras.add_metric([node.name], node.cameras if node.alive else 0)
            rate.add_metric([node.name], node.looks_per_s if node.alive else 0)
            capacity.add_metric([node.name], node.capacity)
        yield from (up, cameras, rate, capacity)

    def _records(self) -> Iterator[Metric]:
        incidents = GaugeMetricFamily(
            "xunjie_incidents", "Incidents on record", labels=["violation", "status", "verdict"]
        )
        for (
            violation,
            status,
            verdict,
        ), count in self._service.records.queries.incident_counts().items():
            incidents.add_metric([violation, status, verdict], count)
        cases = GaugeMetricFamily("xunjie_cases", "Cases in the queue", labels=["state"])
        for state, count in self._service.records.queries.case_counts().items():
            cases.add_metric([state], count)
        yield from (incidents, cases)


def metrics_registry(service: Service) -> CollectorRegistry:
    """A registry of this service alone."""
    registry = CollectorRegistry()
    registry.register(ServiceCollector(service))
    return registry
