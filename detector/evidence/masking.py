"""Faces and number plates hidden without a face model.

Where a person is detected the head region is hidden, where a vehicle is detected the band in which
plates hang, generously, because where exactly they are is not known. The means is a mosaic
(`detector.evidence.mosaic`): what is left of a block is one coarse colour. No blur follows it: a
blur can be partly undone, and over a mosaic it would add nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.evidence.hidden_region import MaskingConfig, hidden_regions
from detector.evidence.mosaic import paint_mosaic
from detector.types import ConfigError, Detections

PolygonUnit = tuple[tuple[float, float], ...]
"""Corners as fractions (0 to 1) of the picture's width and height."""

_FILL_BGR = (96, 96, 96)
_SUBPIXEL_BITS = 4


def mask(
    image: NDArray[np.uint8],
    detections: Detections,
    config: MaskingConfig,
    privacy_polygons_unit: Sequence[PolygonUnit] = (),
) -> NDArray[np.uint8]:
    """A copy of the picture (H, W, 3 uint8) without recognisable faces and plates.

    `detections` are of this picture, in its pixels, weak ones included (run the model with
    `config.person_floor_score`). Nothing is exempt: a head inside a vendor's box is hidden as well.
    Raises ConfigError when the detections cannot show people because no model looked for them:
    an unmasked picture must never pass for a masked one.
    """
    _demand_classes(detections, config)
    masked = image.copy()
    for region in hidden_regions(detections, config):
        paint_mosaic(masked, image, region)
    for polygon in privacy_polygons_unit:
        _fill(masked, polygon)
    return masked


def _demand_classes(detections: Detections, config: MaskingConfig) -> None:
    missing = [name for name in config.required_classes if name not in detections.classes]
    if missing:
        raise ConfigError(
            f"cannot hide faces: no model that looked at this picture knows {', '.join(missing)}; "
            "let a model with these classes look as well, or set masking.required_classes to [] "
            "for a source on which no face or plate can be recognised"
        )


def _fill(image: NDArray[np.uint8], polygon: PolygonUnit) -> None:
    height_px, width_px = image.shape[:2]
    corners = np.array(polygon, np.float64) * (width_px, height_px) * 2**_SUBPIXEL_BITS
    cv2.fillPoly(image, [corners.round().astype(np.int32)], _FILL_BGR, shift=_SUBPIXEL_BITS)
