"""What happens between two flights: additions, removals, and what must not be taken for them."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from shapely.geometry import Polygon
from sim_ground import Building, Ground
from sim_rectangle import rectangle, towards
from sim_scene import Scene, Structure
from sim_texture import cut_from, sheet


@dataclass(frozen=True, kw_only=True)
class ChangeCounts:
    """How many of each; distractors are drawn for both days apart."""

    additions: int = 14
    removals: int = 5
    recolours: int = 12
    cars: int = 14
    laundry: int = 10
    tanks: int = 8
    panels: int = 6
    shadows: int = 25
    tall: int = 0  # buildings that rise above the surface on both days
    deep_shades: int = 0  # of buildings out of sight, in which a camera sees next to nothing
    overgrown: int = 0  # irregular ground that looks otherwise: growth, earth, rubble, snow
    lowest_sun_deg: float = 35.0


@dataclass(kw_only=True)
class Truth:
    """What was done, exactly."""

    added: list[Structure] = field(default_factory=list)
    removed: list[Structure] = field(default_factory=list)
    kept: list[Structure] = field(default_factory=list)
    recoloured: list[Polygon] = field(default_factory=list)
    distractors: list[tuple[str, Polygon]] = field(default_factory=list)


def two_days(
    ground: Ground, counts: ChangeCounts, seed: int, area: Polygon
) -> tuple[Scene, Scene, Truth]:
    """The ground before and after; everything lies within `area` (metres)."""
    rng = np.random.default_rng(seed)
    before, after, truth = Scene.of(ground), Scene.of(ground), Truth()
    before.sun_azimuth_deg, before.sun_elevation_deg = rng.uniform(100, 160), _sun(rng, counts)
    after.sun_azimuth_deg, after.sun_elevation_deg = rng.uniform(190, 260), _sun(rng, counts)
    inside = [b for b in ground.buildings if area.contains(b.outline)]
    taken: list[Polygon] = []
    for _ in range(counts.tall):
        _raise(rng, ground, (before, after), inside, taken)
    # Structures first: they are what is to be measured, and roofs fill up.
    for i in range(counts.additions):
        made = _structure(rng, ground, inside, taken, f"added-{i + 1}")
        if made:
            after.build(made)
            truth.added.append(made)
    for i in range(counts.removals):
        made = _structure(rng, ground, inside, taken, f"removed-{i + 1}")
        if made:
            before.build(made)
            truth.removed.append(made)
    for i in range(max(2, counts.removals // 2)):
        made = _structure(rng, ground, inside, taken, f"kept-{i + 1}")
        if made:
            before.build(made)
            after.build(made)
            truth.kept.append(made)
    for _ in range(counts.recolours):
        _recolour(rng, after, inside, taken, truth)
    for scene in (before, after):
        _distract(rng, scene, inside, area, counts, taken, truth)
    # Last, so that the flights of older seeds stay what they are.
    _unsettle(rng, (before, after), area, counts, truth)
    _season(rng, after)
    return before, after, truth


def _sun(rng: np.random.Generator, counts: ChangeCounts) -> float:
    return float(rng.uniform(counts.lowest_sun_deg, 65))


def _raise(
    rng: np.random.Generator,
    ground: Ground,
    scenes: tuple[Scene, Scene],
    inside: list[Building],
    taken: list[Polygon],
) -> None:
    """Lets a building rise on both days: its roof wanders with the camera, its shadow falls far."""
    home = inside[int(rng.integers(len(inside)))]
    square = home.outline.minimum_rotated_rectangle
    near = any(square.buffer(3).intersects(t) for t in taken)
    if near or home.outline.area < 0.85 * square.area or not 40 < square.area < 260:
        return
    corners = np.array(square.exterior.coords)[:4]
    length, width = (float(np.hypot(*(corners[i + 1] - corners[i]))) for i in (0, 1))
    size = max(6, round(width / ground.px_m[0])), max(6, round(length / ground.px_m[0]))
    target = np.array([[0, 0], [size[1], 0], [size[1], size[0]], [0, size[0]]], np.float32)
    turn = cv2.getPerspectiveTransform(ground.to_px(corners).astype(np.float32), target)
    roof = cv2.warpPerspective(ground.image, turn, size[::-1])
    made = Structure(
        id=f"tall-{home.id}",
        kind="rooftop_shed",  # walls are drawn
        corners_m=corners,
        height_m=float(rng.uniform(3, 9)),
        texture=roof,
        building_id=home.id,
    )
    for scene in scenes:
        scene.build(made)
    taken.append(square)


def rectangle_in(
    rng: np.random.Generator, building: Building, area_m2: float, taken: list[Polygon]
) -> np.ndarray | None:
    """Corners (4, 2) of a free rectangle on a roof, along the building's sides."""
    box = np.array(building.outline.minimum_rotated_rectangle.exterior.coords)[:4]
    along = box[1] - box[0]
    along /= max(float(np.hypot(*along)), 1e-6)
    # Drawn outlines are a little off the picture: keep well inside them.
    inner = building.outline.buffer(-0.5)
    near = [other for other in taken if other.distance(building.outline) < 2]
    for _ in range(25):
        ratio = rng.uniform(1.0, 2.2)
        length, width = (area_m2 * ratio) ** 0.5, (area_m2 / ratio) ** 0.5
        weight = rng.dirichlet(np.ones(4))
        middle = weight @ box
        corners = rectangle(middle, along, (length / 2, width / 2))
        shape = Polygon(corners)
        if not inner.contains(shape):
            continue
        around = shape.buffer(1.5)
        if any(around.intersects(other) for other in near):
            continue
        return corners
    return None


def _structure(
    rng: np.random.Generator,
    ground: Ground,
    inside: list[Building],
    taken: list[Polygon],
    name: str,
) -> Structure | None:
    flat = [b for b in inside if b.material == "concrete" and b.outline.area > 25]
    tin = [b for b in inside if b.material == "tin" and b.outline.area > 20]
    for _ in range(60):
        home = flat[int(rng.integers(len(flat)))]
        corners = rectangle_in(rng, home, float(rng.uniform(6.5, 40)), taken)
        if corners is None:
            continue
        taken.append(Polygon(corners))
        return structure_on(rng, ground, corners, tin, name, home.id)
    return None


def structure_on(
    rng: np.random.Generator,
    ground: Ground,
    corners: np.ndarray,
    tin: list[Building],
    name: str,
    building_id: str = "",
) -> Structure:
    """A shed or canopy on the rectangle `corners` (4, 2), in metres; roofed now and then with a
    piece of one of the `tin` roofs."""
    length = float(np.hypot(*(corners[1] - corners[0])))
    width = float(np.hypot(*(corners[2] - corners[1])))
    px_m = ground.px_m[0]
    size = max(6, round(width / px_m)), max(6, round(length / px_m))
    if tin and rng.random() < 0.4:
        donor = tin[int(rng.integers(len(tin)))]
        ring = ground.to_px(np.array(donor.outline.exterior.coords))
        texture = cut_from(rng, ground.image, ring, *size)
    else:
        texture = sheet(rng, *size, px_m)
    canopy = bool(rng.random() < 0.35)
    return Structure(
        id=name,
        kind="rooftop_canopy" if canopy else "rooftop_shed",
        corners_m=corners,
        height_m=float(rng.uniform(2.1, 2.9)),
        texture=texture,
        building_id=building_id,
    )


def _recolour(
    rng: np.random.Generator,
    scene: Scene,
    inside: list[Building],
    taken: list[Polygon],
    truth: Truth,
) -> None:
    """Paints a whole roof or a part of it, as waterproofing does."""
    home = inside[int(rng.integers(len(inside)))]
    if home.outline.area > 250 or any(home.outline.intersects(t) for t in taken):
        return
    colour = [(90, 140, 60), (60, 60, 160), (170, 120, 60), (200, 200, 200), (80, 90, 110)]
    outline = home.outline.buffer(-0.4)
    if outline.is_empty or outline.geom_type != "Polygon":
        return
    scene.tint(outline, colour[int(rng.integers(len(colour)))], float(rng.uniform(0.6, 0.95)))
    taken.append(home.outline)
    truth.recoloured.append(home.outline)


def _distract(
    rng: np.random.Generator,
    scene: Scene,
    inside: list[Building],
    area: Polygon,
    counts: ChangeCounts,
    taken: list[Polygon],
    truth: Truth,
) -> None:
    for _ in range(counts.shadows):
        tall = inside[int(rng.integers(len(inside)))]
        scene.darken(scene.shadow_of(tall.outline, float(rng.uniform(1.5, 4.5))), 0.55)
    for _ in range(counts.cars):
        _car(rng, scene, area, truth)
    for make, count in ((_washing, counts.laundry), (_tank, counts.tanks), (_panel, counts.panels)):
        for _ in range(count):
            home = inside[int(rng.integers(len(inside)))]
            make(rng, scene, home, taken, truth)


def _car(rng: np.random.Generator, scene: Scene, area: Polygon, truth: Truth) -> None:
    west, south, east, north = area.bounds
    for _ in range(40):
        middle = np.array([rng.uniform(west, east), rng.uniform(south, north)])
        corners = rectangle(middle, towards(rng.uniform(0, np.pi)), (2.2, 0.9))
        shape = Polygon(corners)
        around = shape.buffer(0.5)
        if any(around.intersects(other.outline) for other in scene.ground.buildings):
            continue
        body = np.full((14, 34, 3), rng.uniform(30, 230, 3), np.uint8)
        body[2:-2, 8:12] = body[2:-2, 24:28] = 40
        scene.darken(scene.shadow_of(shape, 1.4), 0.5)
        scene.lay(corners, body)
        truth.distractors.append(("car", shape))
        return


def _free(
    rng: np.random.Generator, home: Building, taken: list[Polygon], area_m2: float
) -> np.ndarray | None:
    return rectangle_in(rng, home, area_m2, taken)


def _washing(
    rng: np.random.Generator, scene: Scene, home: Building, taken: list[Polygon], truth: Truth
) -> None:
    """A line with a few cloths, each well under a square metre or two."""
    corners = _free(rng, home, taken, 4.0)
    if corners is None:
        return
    for share in np.linspace(0.1, 0.8, int(rng.integers(3, 6))):
        start = corners[0] + (corners[1] - corners[0]) * share
        step = (corners[1] - corners[0]) * 0.12
        down = (corners[3] - corners[0]) * 0.5
        cloth = np.array([start, start + step, start + step + down, start + down])
        scene.lay(cloth, np.full((4, 4, 3), rng.uniform(40, 240, 3), np.uint8))
    taken.append(Polygon(corners))
    truth.distractors.append(("laundry", Polygon(corners)))


def _tank(
    rng: np.random.Generator, scene: Scene, home: Building, taken: list[Polygon], truth: Truth
) -> None:
    corners = _free(rng, home, taken, 2.6)
    if corners is None:
        return
    round_ = Polygon(corners).centroid.buffer(float(rng.uniform(0.55, 0.8)))
    scene.darken(scene.shadow_of(round_, 1.5), 0.5)
    mask, rows, columns = scene.mask(round_)
    colour = np.array([(40, 40, 40), (200, 200, 205), (160, 110, 50)][int(rng.integers(3))])
    patch = scene.image[rows, columns].astype(np.float32)
    patch = patch * (1 - mask[..., None]) + colour * mask[..., None]
    scene.image[rows, columns] = np.clip(patch, 0, 255).astype(np.uint8)
    taken.append(round_)
    truth.distractors.append(("tank", round_))


def _panel(
    rng: np.random.Generator, scene: Scene, home: Building, taken: list[Polygon], truth: Truth
) -> None:
    """A field of solar modules: dark blue, pale frames, nearly flat."""
    corners = _free(rng, home, taken, float(rng.uniform(5, 14)))
    if corners is None:
        return
    length = float(np.hypot(*(corners[1] - corners[0])))
    width = float(np.hypot(*(corners[2] - corners[1])))
    field_px = np.full((max(8, round(width / 0.05)), max(8, round(length / 0.05)), 3), 0, np.uint8)
    field_px[:] = (92, 58, 38)
    for x in np.arange(0, length, 1.0):
        cv2.line(field_px, (round(x / 0.05), 0), (round(x / 0.05), 4000), (190, 190, 190), 2)
    for y in np.arange(0, width, 1.65):
        cv2.line(field_px, (0, round(y / 0.05)), (4000, round(y / 0.05)), (190, 190, 190), 2)
    scene.lay(corners, cv2.GaussianBlur(field_px, (0, 0), 1.2))
    taken.append(Polygon(corners))
    truth.distractors.append(("panel", Polygon(corners)))


def _unsettle(
    rng: np.random.Generator,
    scenes: tuple[Scene, Scene],
    area: Polygon,
    counts: ChangeCounts,
    truth: Truth,
) -> None:
    for scene in scenes:
        for _ in range(counts.overgrown):
            _overgrow(rng, scene, area, truth)
        for _ in range(counts.deep_shades):
            _deep_shade(rng, scene, area, truth)


def _overgrow(rng: np.random.Generator, scene: Scene, area: Polygon, truth: Truth) -> None:
    """Lays ground from elsewhere, or snow, into an irregular patch."""
    west, south, east, north = area.bounds
    middle = np.array([rng.uniform(west, east), rng.uniform(south, north)])
    reach = float(rng.uniform(1.2, 6.0))
    turns = np.sort(rng.uniform(0, 2 * np.pi, 11))
    reaches = reach * rng.uniform(0.5, 1.1, 11)
    ring = middle + np.column_stack([np.cos(turns), np.sin(turns)]) * reaches[:, None]
    shape = Polygon(ring).buffer(0.5).buffer(-0.3)
    if shape.is_empty or shape.geom_type != "Polygon":
        return
    mask, rows, columns = scene.mask(shape, float(rng.uniform(0.6, 2.5)))
    h, w = mask.shape
    height, width = scene.ground.image.shape[:2]
    y, x = int(rng.integers(max(1, height - h))), int(rng.integers(max(1, width - w)))
    other = scene.ground.image[y : y + h, x : x + w].astype(np.float32)
    if other.shape[:2] != mask.shape:
        return
    if rng.random() < 0.2:
        other = rng.normal(rng.uniform(170, 230), 14, (h, w, 1)) * np.ones(3, np.float32)
        mask = mask * np.clip(rng.normal(0.7, 0.3, (h, w)), 0, 1)
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    patch = scene.image[rows, columns].astype(np.float32)
    scene.image[rows, columns] = np.clip(patch * (1 - share) + other * share, 0, 255).astype(
        np.uint8
    )
    truth.distractors.append(("ground", shape))


def _deep_shade(rng: np.random.Generator, scene: Scene, area: Polygon, truth: Truth) -> None:
    """The shade of a tall house, along the sun: a strip with straight ends."""
    west, south, east, north = area.bounds
    middle = np.array([rng.uniform(west, east), rng.uniform(south, north)])
    half, angle = rng.uniform(1.5, 8, 2), rng.uniform(0, np.pi)
    corners = rectangle(middle, towards(angle), half)
    shape = scene.shadow_of(Polygon(corners), float(rng.uniform(3, 12)))
    if shape.is_empty:
        return
    scene.darken(shape, float(rng.uniform(0.12, 0.45)), float(rng.uniform(0.7, 2.0)))
    truth.distractors.append(("shade", shape))


def _season(rng: np.random.Generator, scene: Scene) -> None:
    """Leaves turn: what is green shifts towards yellow or grey."""
    image = scene.image.astype(np.float32)
    green = 2 * image[..., 1] - image[..., 0] - image[..., 2]
    share = np.clip(green / 60, 0, 1)[..., None] * float(rng.uniform(0.2, 0.7))
    grey = image.mean(axis=2, keepdims=True)
    dry = grey * np.array([0.75, 1.0, 1.12], np.float32)
    scene.image = np.clip(image * (1 - share) + dry * share, 0, 255).astype(np.uint8)
