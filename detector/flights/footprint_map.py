"""A map of a flight's footprints: one HTML file with inline SVG and no outside address."""

from __future__ import annotations

import html
from collections.abc import Sequence

from detector.flights.inspection import InspectedShot

_SIDE_PX = 900.0


def footprint_map(title: str, found: Sequence[InspectedShot], faults: Sequence[str]) -> str:
    """The page. North is up; a hover shows a picture's name, height and error radius."""
    placed = [one for one in found if one.footprint_m is not None]
    lost = [one for one in found if one.footprint_m is None]
    body = _drawing(placed) if placed else "<p>No picture could be put on the ground.</p>"
    named = [f"{one.shot.name}: {'; '.join(one.shot.remarks)}" for one in lost]
    problems = "".join(f"<li>{html.escape(text)}</li>" for text in [*faults, *named])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1><p>{len(placed)} of {len(found)} pictures on the ground"
        f"</p>{body}{f'<h2>Not used</h2><ul>{problems}</ul>' if problems else ''}</body></html>"
    )


def _drawing(placed: Sequence[InspectedShot]) -> str:
    outlines = [one.footprint_m for one in placed if one.footprint_m is not None]
    west = min(o.bounds[0] for o in outlines)
    south = min(o.bounds[1] for o in outlines)
    east = max(o.bounds[2] for o in outlines)
    north = max(o.bounds[3] for o in outlines)
    size = max(east - west, north - south, 1.0)
    scale = _SIDE_PX / size
    shapes = []
    for one in placed:
        if one.footprint_m is None or one.view is None:
            continue
        ring = " ".join(
            f"{(x - west) * scale:.1f},{(north - y) * scale:.1f}"
            for x, y in one.footprint_m.exterior.coords
        )
        x, y = (one.view.east_m - west) * scale, (north - one.view.north_m) * scale
        radius = "unknown" if one.error_radius_m is None else f"{one.error_radius_m:.1f} m"
        tip = html.escape(
            f"{one.shot.name}, {one.view.up_m:.0f} m up, pitch {one.view.pitch_deg:.0f}°, "
            f"error radius {radius}"
        )
        shapes.append(
            f'<g><title>{tip}</title><polygon points="{ring}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/></g>'
        )
    bar_m = _round_length(size / 5)
    width, height = (east - west) * scale, (north - south) * scale
    return (
        f'<svg viewBox="-20 -20 {width + 40:.0f} {height + 70:.0f}" role="img">{"".join(shapes)}'
        f'<path class="bar" d="M0 {height + 20:.0f}h{bar_m * scale:.1f}"/>'
        f'<text x="0" y="{height + 40:.0f}">{bar_m:g} m, north is up</text></svg>'
    )


def _round_length(about_m: float) -> float:
    step = 1.0
    while step * 10 <= about_m:
        step *= 10
    return step * (5 if about_m >= 5 * step else 2 if about_m >= 2 * step else 1)


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem;color:#17212b}
svg{width:100%;max-width:1000px;border:1px solid #cfd8dc;background:#f7f9fb}
polygon{fill:#1b6ca8;fill-opacity:.12;stroke:#1b6ca8;stroke-width:1}
g:hover polygon{fill-opacity:.45}circle{fill:#b3261e}
.bar{stroke:#17212b;stroke-width:3}text{font-size:14px}"""
