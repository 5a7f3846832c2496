"""Can this frame be trusted? Black, over-exposed, frozen, blurred, or no longer the same view."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.sources.sharpness import WIDTH_PX, edge_width_px
from detector.sources.stillness import Stillness
from detector.sources.view_reference import View, ViewReference
from detector.types import BlindReason, Frame, NoFrame

_PHOTOGRAPH_WIDTH_PX = 2400  # from here on small things matter that 640 px would not show
_DETAIL_WIDTH_PX = 1920
_SATURATED_LEVEL = 243
_UNIFORM_LEVELS = 10.0
_OWN_WEIGHT = 0.05
_SAME_AGAIN_LOOKS = 2  # one may be chance: a car that stands where another one stood


class TrustConfig(BaseModel):
    """Levels are of 0 to 255. Edge widths are measured on the picture scaled to 640 px."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    black_below_level: float = Field(
        default=24, ge=0, le=255, description="Black when 99 % of the picture is darker."
    )
    overexposed_share: float = Field(
        default=0.75, gt=0, le=1, description="Over-exposed when more of the picture is white."
    )
    blurred_edge_px: float = Field(
        default=6.0, gt=1, le=15, description="Blurred when even the sharp edges are wider."
    )
    blurred_ratio: float = Field(
        default=1.7, gt=1, description="Or when they are so many times wider than they used to be."
    )
    blurred_least_edge_px: float = Field(
        default=5.0, gt=1, le=15, description="Narrower edges are never called blurred."
    )
    frozen_after_s: float = Field(
        default=60, gt=0, description="Frozen when not a pixel has changed for so long."
    )
    view_shift_tolerance_fraction: float = Field(
        default=0.06,
        gt=0,
        le=0.3,
        description="A shift of the view that is let pass, as a fraction of its longer side.",
    )
    moved_after_s: float = Field(
        default=20, ge=0, description="The view has moved when it was different for so long,"
    )
    moved_after_looks: int = Field(default=3, ge=1, description="and in so many looks.")


class TrustCheck:
    """Judges the looks of one source, in the order of their times.

    `fixed`: a camera that always sees the same view, which then must neither freeze nor move.
    `reference` (H, W, 3) is a stored picture of that view; without it the first good looks are.
    """

    def __init__(
        self, config: TrustConfig, *, fixed: bool, reference: NDArray[np.uint8] | None = None
    ) -> None:
        self._config = config
        self._fixed = fixed
        self._stillness = Stillness()
        self._view = ViewReference(config.view_shift_tolerance_fraction)
        self._own_edge_px: float | None = None
        self._different_since: datetime | None = None
        self._different_looks = 0
        self._agreeing_looks = 0
        if reference is not None:
            self._view.see(_thinned(reference))

    def check(self, frame: Frame) -> NoFrame | None:
        """Why the look counts as blind, or None for a frame that can be used."""
        grey = _thinned(frame.image)
        found = self._exposure(grey) or self._frozen(frame) or self._blurred(frame, grey)
        found = found or self._moved(grey, frame.captured_at)
        if found is None:
            return None
        reason, detail = found
        return NoFrame(reason=reason, detail=detail, at=frame.captured_at)

    def accept_view(self) -> None:
        """The next good looks become the reference: the camera was turned on purpose."""
        self._view.forget()
        self._same_again()
        self._own_edge_px = None

    def state(self) -> dict[str, Any]:
        """JSON-serialisable; `restore` continues from it after a restart."""
        return {"view": self._view.state(), "own_edge_px": self._own_edge_px}

    def restore(self, state: dict[str, Any]) -> None:
        """Raises ConfigError for a state that cannot be read; the check then begins anew."""
        self._view.restore(state.get("view") or {})
        own = state.get("own_edge_px")
        self._own_edge_px = float(own) if isinstance(own, int | float) else None

    def _exposure(self, grey: NDArray[np.uint8]) -> tuple[BlindReason, str] | None:
        dark, bright = _levels(grey)
        if bright < self._config.black_below_level:
            return BlindReason.BLACK, f"99 % of the picture is no brighter than level {bright}"
        white = np.count_nonzero(grey >= _SATURATED_LEVEL) / grey.size
        if white > self._config.overexposed_share:
            return BlindReason.OVEREXPOSED, f"{white:.0%} of the picture is white"
        if bright - dark < _UNIFORM_LEVELS:
            return BlindReason.BLURRED, "the picture is one even tone, nothing can be made out"
        return None

    def _frozen(self, frame: Frame) -> tuple[BlindReason, str] | None:
        if not self._fixed:
            return None
        still_s = self._stillness.seconds(frame.image, frame.captured_at)
        if still_s < self._config.frozen_after_s:
            return None
        return BlindReason.FROZEN, f"the picture has not changed for {still_s:.0f} s"

    def _blurred(self, frame: Frame, grey: NDArray[np.uint8]) -> tuple[BlindReason, str] | None:
        edge_px = edge_width_px(grey)
        if edge_px is not None and edge_px > self._edge_limit_px():
            return BlindReason.BLURRED, f"edges are {edge_px:.1f} px wide at {WIDTH_PX} px"
        if frame.width_px >= _PHOTOGRAPH_WIDTH_PX:
            fine_px = edge_width_px(_centre(frame.image))
            if fine_px is not None and fine_px > self._config.blurred_edge_px:
                detail = f"edges are {fine_px:.1f} px wide at {_DETAIL_WIDTH_PX} px"
                return BlindReason.BLURRED, detail
        if edge_px is not None:
            own = self._own_edge_px or edge_px
            self._own_edge_px = own + _OWN_WEIGHT * (edge_px - own)
        return None

    def _edge_limit_px(self) -> float:
        if self._own_edge_px is None or not self._fixed:
            return self._config.blurred_edge_px
        own = max(
            self._config.blurred_ratio * self._own_edge_px, self._config.blurred_least_edge_px
        )
        return min(self._config.blurred_edge_px, own)

    def _moved(self, grey: NDArray[np.uint8], at: datetime) -> tuple[BlindReason, str] | None:
        if not self._fixed:
            return None
        view = self._view.see(grey)
        if view is View.SAME:
            self._agreeing_looks += 1
            if self._agreeing_looks >= _SAME_AGAIN_LOOKS:
                self._same_again()
        if view is View.MOVED:
            self._agreeing_looks = 0
            self._different_looks += 1
            self._different_since = self._different_since or at
        return self._lasting(at)

    def _lasting(self, at: datetime) -> tuple[BlindReason, str] | None:
        if self._different_since is None:
            return None
        lasted_s = (at - self._different_since).total_seconds()
        if (
            self._different_looks < self._config.moved_after_looks
            or lasted_s < self._config.moved_after_s
        ):
            return None
        return BlindReason.VIEW_MOVED, f"the view differs from its reference for {lasted_s:.0f} s"

    def _same_again(self) -> None:
        self._different_since, self._different_looks, self._agreeing_looks = None, 0, 0


def _thinned(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The green of every n-th pixel, (H, W), no side longer than 640 px: nearly the brightness,
    and a fifth of the work."""
    step = max(1, max(image.shape) // WIDTH_PX)
    green = np.ascontiguousarray(image[::step, ::step, 1])
    scale = WIDTH_PX / max(green.shape)
    if scale >= 1:
        return green
    small = cv2.resize(green, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _levels(grey: NDArray[np.uint8]) -> tuple[int, int]:
    """The levels that 1 % and 99 % of the pixels do not exceed."""
    counts = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel())
    low, high = np.searchsorted(counts, (0.01 * grey.size, 0.99 * grey.size))
    return int(low), int(high)


def _centre(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a photograph, at the scale of a picture 1920 px wide."""
    scale = _DETAIL_WIDTH_PX / image.shape[1]
    half_px = round(WIDTH_PX / 2 / scale)
    row, column = image.shape[0] // 2, image.shape[1] // 2
    part = image[max(0, row - half_px) : row + half_px, column - half_px : column + half_px]
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
