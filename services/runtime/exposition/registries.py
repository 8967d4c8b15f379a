"""Which service exports which metrics: each its own and no other, so that a figure that nobody
measures is absent instead of 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

ServiceName = Literal["stream", "relay", "console", "auditor", "trace", "gateway"]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
CONTENT_TYPE = CONTENT_TYPE_LATEST


def _with_process() -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


REGISTRIES: Mapping[ServiceName, CollectorRegistry] = {
    service: _with_process() for service in SERVICES
}
METRICS: Mapping[ServiceName, list[MetricWrapperBase]] = {service: [] for service in SERVICES}
"""What each service exports, without what is said of every process."""


class _Shared(CollectorRegistry):
    """Registers with each of several services."""

    def __init__(self, services: Iterable[ServiceName]) -> None:
        super().__init__()
        self._services = tuple(services)

    def register(self, collector: Collector) -> None:
        assert isinstance(collector, MetricWrapperBase)
        for service in self._services:
            REGISTRIES[service].register(collector)
            METRICS[service].append(collector)


def exported_by(*services: ServiceName) -> CollectorRegistry:
    """Where a metric is registered that these services export."""
    return _Shared(services)


def exposition(service: ServiceName) -> bytes:
    """What the service answers at /metrics."""
    return generate_latest(REGISTRIES[service])
