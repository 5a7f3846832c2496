"""Reads features from GeoJSON, saying which one is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from detector.types import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One geometry with its properties; `where` names it in messages."""

    where: str
    geometry: BaseGeometry
    properties: Mapping[str, Any]


def read_features(data: bytes, name: str) -> Iterator[Feature]:
    """Features of a FeatureCollection. Raises ConfigError naming the file and the feature."""
    try:
        document = json.loads(data)
    except (ValueError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: not JSON: {error}") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise ConfigError(f"{name}: not a GeoJSON FeatureCollection")
    for number, feature in enumerate(features, start=1):
        yield _feature(feature, f"{name}: feature {number}")


def _feature(feature: Any, where: str) -> Feature:
    if not isinstance(feature, dict) or not isinstance(feature.get("geometry"), dict):
        raise ConfigError(f"{where}: has no geometry")
    try:
        geometry = shape(feature["geometry"])
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise ConfigError(f"{where}: its geometry cannot be read: {error}") from error
    properties = feature.get("properties")
    return Feature(
        where=where,
        geometry=geometry,
        properties=properties if isinstance(properties, dict) else {},
    )


def text_property(feature: Feature, key: str) -> str:
    """A property as text; empty if absent. Codes may stand as numbers."""
    value = feature.properties.get(key)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
