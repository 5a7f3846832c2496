"""The Blender side: things, paints, light and camera become a Cycles picture.

The only module that imports `bpy` (which has no stubs); everything else is plain Python.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
from lens import Lens
from light import Light
from mathutils import Matrix, Vector
from mesh import UNIT_UV, Mesh
from numpy.typing import NDArray
from paint import Paint
from pictures import draw
from thing import Lamp, Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One rendered picture: linear RGB (times alpha), how opaque it is, the number of the thing at
    each pixel, distance."""

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32]
    index: NDArray[np.int32]
    depth_m: NDArray[np.float32]


class Studio:
    """A Blender scene that things are put into and taken out of."""

    def __init__(self, *, samples: int, size_px: tuple[int, int]) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene: Any = bpy.context.scene
        self._materials: dict[Paint, Any] = {}
        self._meshes: dict[int, tuple[Mesh, Any]] = {}
        self._set_up(samples, size_px)
        self._world: Any = bpy.data.worlds.new("sky")
        self._scene.world = self._world
        self._sun: Any = None
        camera = bpy.data.cameras.new("camera")
        self._camera: Any = bpy.data.objects.new("camera", camera)
        self._scene.collection.objects.link(self._camera)
        self._scene.camera = self._camera
        self._folder = tempfile.TemporaryDirectory()

    def _set_up(self, samples: int, size_px: tuple[int, int]) -> None:
        s = self._scene
        s.render.engine = "CYCLES"
        s.cycles.samples = samples
        s.cycles.use_denoising = True
        s.cycles.denoising_quality = "FAST"
        s.cycles.max_bounces = 4
        s.cycles.diffuse_bounces = 2
        s.cycles.glossy_bounces = 2
        s.cycles.sample_clamp_indirect = 4.0
        s.cycles.caustics_reflective = False
        s.cycles.caustics_refractive = False
        s.render.resolution_x, s.render.resolution_y = size_px
        s.render.use_persistent_data = True
        s.render.image_settings.media_type = "MULTI_LAYER_IMAGE"
        s.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
        layer = s.view_layers[0]
        layer.use_pass_object_index = True
        layer.use_pass_z = True

    # ---- what is in the scene -----------------------------------------------------------

    def put(self, thing: Thing, number: int) -> list[Any]:
        """Add a thing; pixels of it carry `number` (0 is background). Returns its objects."""
        obj = bpy.data.objects.new(thing.name, self._mesh(thing.mesh))
        turned = Matrix.Rotation(thing.heading_rad, 4, "Z") @ Matrix.Scale(thing.scale, 4)
        obj.matrix_world = Matrix.Translation((thing.x_m, thing.y_m, thing.z_m)) @ turned
        obj.pass_index = number
        self._scene.collection.objects.link(obj)
        return [obj, *[self._lamp(lamp) for lamp in thing.world_lamps()]]

    def over_nothing(self) -> None:
        """No sky, and level ground of which nothing shows but the shadows on it, as alpha."""
        self._scene.render.film_transparent = True
        data = bpy.data.meshes.new("ground")
        side = 200.0
        corners = [(-side, -side, 0), (side, -side, 0), (side, side, 0), (-side, side, 0)]
        data.from_pydata(corners, [], [(0, 1, 2, 3)])
        ground = bpy.data.objects.new("ground", data)
        ground.is_shadow_catcher = True
        self._scene.collection.objects.link(ground)

    def take_out(self, objects: list[Any]) -> None:
        """Remove objects and the geometry that only they used."""
        for obj in objects:
            data = obj.data
            bpy.data.objects.remove(obj)
            if data is not None and data.users == 0 and isinstance(data, bpy.types.Mesh):
                self._meshes = {k: v for k, v in self._meshes.items() if v[1] != data}
                bpy.data.meshes.remove(data)

    def _lamp(self, lamp: Lamp) -> Any:
        kind = "POINT" if lamp.aim is None else "SPOT"
        data = bpy.data.lights.new("lamp", kind)
        data.energy, data.color, data.shadow_soft_size = lamp.power_w, lamp.colour, lamp.radius_m
        obj = bpy.data.objects.new("lamp", data)
        obj.location = lamp.at
        if lamp.aim is not None:
            data.spot_size, data.spot_blend = math.radians(lamp.cone_deg), 0.5
            obj.rotation_euler = Vector(lamp.aim).to_track_quat("-Z", "Y").to_euler()
        self._scene.collection.objects.link(obj)
        return obj

    def _mesh(self, mesh: Mesh) -> Any:
        known = self._meshes.get(id(mesh))
        if known is not None:
            return known[1]
        data = bpy.data.meshes.new("mesh")
        data.from_pydata(mesh.points().tolist(), [], mesh.faces)
        for paint in mesh.paints:
            data.materials.append(self._material(paint))
        data.polygons.foreach_set("material_index", mesh.face_paint)
        data.polygons.foreach_set("use_smooth", mesh.face_smooth)
        if any(mesh.face_uv):
            layer = data.uv_layers.new(name="uv")
            flat: list[float] = []
            for face, mapped in zip(mesh.faces, mesh.face_uv, strict=True):
                corners = UNIT_UV if mapped and len(face) == 4 else ((0.0, 0.0),) * len(face)
                flat += [c for corner in corners for c in corner]
            layer.data.foreach_set("uv", flat)
        data.set_sharp_from_angle(angle=math.radians(38))
        self._meshes[id(mesh)] = (mesh, data)
        return data

    # ---- light and camera ---------------------------------------------------------------

    def light(self, light: Light) -> None:
        tree = self._world.node_tree
        tree.nodes.clear()
        geometry = tree.nodes.new("ShaderNodeNewGeometry")
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        ramp = tree.nodes.new("ShaderNodeValToRGB")
        back = tree.nodes.new("ShaderNodeBackground")
        out = tree.nodes.new("ShaderNodeOutputWorld")
        ramp.color_ramp.elements[0].color = (*light.horizon, 1)
        ramp.color_ramp.elements[1].color = (*light.zenith, 1)
        ramp.color_ramp.elements[1].position = 0.7
        flip = tree.nodes.new("ShaderNodeMath")
        flip.operation = "ABSOLUTE"
        tree.links.new(geometry.outputs["Incoming"], split.inputs[0])
        tree.links.new(split.outputs["Z"], flip.inputs[0])
        tree.links.new(flip.outputs[0], ramp.inputs[0])
        tree.links.new(ramp.outputs[0], back.inputs[0])
        back.inputs[1].default_value = light.sky_strength
        tree.links.new(back.outputs[0], out.inputs[0])
        if self._sun is None:
            self._sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
            self._scene.collection.objects.link(self._sun)
        self._sun.data.energy = light.sun_strength
        self._sun.data.color = light.sun_colour
        self._sun.data.angle = math.radians(light.sun_size_deg)
        tilt = math.radians(90 - light.sun_elevation_deg)
        self._sun.rotation_euler = (tilt, 0, math.radians(light.sun_azimuth_deg))

    def camera(self, lens: Lens) -> None:
        right, down, forward = lens.axes()
        rotation = Matrix((right, -down, -forward)).transposed().to_4x4()
        self._camera.matrix_world = (
            Matrix.Translation((lens.x_m, lens.y_m, lens.height_m)) @ rotation
        )
        self._camera.data.sensor_width = 36.0
        self._camera.data.lens = lens.focal_px / lens.width_px * 36.0
        self._camera.data.clip_end = 400

    def shoot(self, seed: int) -> Shot:
        self._scene.cycles.seed = seed % 2**31
        path = Path(self._folder.name) / "shot.exr"
        self._scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        file = OpenEXR.File(str(path), separate_channels=True)
        planes = {
            name.split(".", 1)[-1]: np.array(channel.pixels)
            for part in file.parts
            for name, channel in part.channels.items()
        }
        if not any(k.startswith(("IndexOB", "Object Index")) for k in planes):
            raise RuntimeError(f"no index pass among {sorted(planes)}")
        rgb = np.stack([planes[f"Combined.{c}"] for c in "RGB"], axis=-1).astype(np.float32)
        index = next(v for k, v in planes.items() if k.startswith(("IndexOB", "Object Index")))
        depth = next(v for k, v in planes.items() if k.startswith("Depth"))
        return Shot(
            rgb=rgb,
            alpha=planes["Combined.A"].astype(np.float32),
            index=np.rint(index).astype(np.int32),
            depth_m=depth.astype(np.float32),
        )

    # ---- materials ----------------------------------------------------------------------

    def _material(self, paint: Paint) -> Any:
        if paint not in self._materials:
            self._materials[paint] = _make_material(paint)
        return self._materials[paint]


class _Nodes:
    """Short names for building one node tree."""

    def __init__(self, material: Any) -> None:
        self.tree = material.node_tree
        self.bsdf = self.tree.nodes["Principled BSDF"]
        self.place = self.tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]

    def node(self, kind: str, **inputs: Any) -> Any:
        node = self.tree.nodes.new(kind)
        for name, value in inputs.items():
            self.set(node.inputs[name.replace("_", " ")], value)
        return node

    def set(self, socket: Any, value: Any) -> None:
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def noise(self, size_m: float, detail: float = 3.0, place: Any = None) -> Any:
        return self.node(
            "ShaderNodeTexNoise", Vector=place or self.place, Scale=1 / size_m, Detail=detail
        ).outputs[0]

    def span(self, value: Any, a: float, b: float, low: float, high: float) -> Any:
        node = self.node("ShaderNodeMapRange")
        for i, v in enumerate((value, a, b, low, high)):
            self.set(node.inputs[i], v)
        return node.outputs[0]

    def mix(self, factor: Any, a: Any, b: Any, blend: str = "MIX") -> Any:
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type, node.blend_type = "RGBA", blend
        self.set(node.inputs[0], factor)
        self.set(node.inputs[6], a)
        self.set(node.inputs[7], b)
        return node.outputs[2]


def _shade(paint: Paint, factor: float) -> tuple[float, float, float, float]:
    r, g, b = paint.colour
    return (r * factor, g * factor, b * factor, 1.0)


def _make_material(paint: Paint) -> Any:
    material = bpy.data.materials.new(paint.kind)
    n = _Nodes(material)
    colour = _base_colour(n, paint)
    if paint.mottle > 0:
        dirt = n.span(n.noise(paint.grain_m), 0.3, 0.7, 1 - paint.mottle, 1 + 0.5 * paint.mottle)
        grey_dirt = n.node("ShaderNodeCombineColor")
        for i in range(3):
            n.set(grey_dirt.inputs[i], dirt)
        colour = n.mix(1.0, colour, grey_dirt.outputs[0], "MULTIPLY")
    rough: Any = paint.roughness
    if paint.wet > 0:
        puddle = n.span(n.noise(2.5), 0.42, 0.6, 0.0, paint.wet)
        rough = n.span(puddle, 0, 1, paint.roughness, 0.05)
        colour = n.mix(puddle, colour, _shade(paint, 0.35))
    n.set(n.bsdf.inputs["Base Color"], colour)
    n.set(n.bsdf.inputs["Roughness"], rough)
    n.bsdf.inputs["Metallic"].default_value = paint.metallic
    n.bsdf.inputs["Coat Weight"].default_value = paint.coat
    if paint.emission > 0:
        n.set(n.bsdf.inputs["Emission Color"], colour)
        n.bsdf.inputs["Emission Strength"].default_value = paint.emission
    if paint.bump > 0:
        height = n.noise(
            min(paint.grain_m, 0.04) if paint.kind == "asphalt" else paint.grain_m * 0.5, 4.0
        )
        bump = n.node("ShaderNodeBump", Strength=paint.bump, Distance=0.02, Height=height)
        n.set(n.bsdf.inputs["Normal"], bump.outputs[0])
    return material


def _base_colour(n: _Nodes, paint: Paint) -> Any:
    one, two = (*paint.colour, 1), (*paint.second, 1)
    if paint.kind in ("tiles", "brick", "studs", "slats"):
        place = _flat(n, paint.plane)
        mortar = _shade(paint, 0.45)
        brick = n.node(
            "ShaderNodeTexBrick",
            Vector=place,
            Color1=one,
            Color2=two,
            Mortar=mortar,
            Scale=1.0,
            Mortar_Size=min(paint.tile_m) * 0.06,
            Brick_Width=paint.tile_m[0],
            Row_Height=paint.tile_m[1],
        )
        return brick.outputs[0]
    if paint.kind == "stripes":
        wave = n.node(
            "ShaderNodeTexWave", Vector=_flat(n, paint.plane), Scale=0.31 / paint.tile_m[0]
        )
        return n.mix(n.span(wave.outputs[1], 0.45, 0.55, 0, 1), one, two)
    if paint.kind == "asphalt":
        grain = n.mix(n.span(n.noise(0.025, 2.0), 0.35, 0.65, 0, 1), one, two)
        bent = n.mix(
            0.25,
            n.place,
            n.node("ShaderNodeTexNoise", Vector=n.place, Scale=0.8, Detail=4.0).outputs[1],
            "ADD",
        )
        crack = n.node("ShaderNodeTexVoronoi", Vector=bent, Scale=0.22)
        crack.feature = "DISTANCE_TO_EDGE"
        here = n.span(n.noise(6.0, 2.0), 0.5, 0.6, 0.0, 0.006)
        line = n.span(crack.outputs[0], 0.0, here, 0.45, 0.0)
        stain = n.span(n.noise(4.0, 5.0), 0.55, 0.75, 0, 0.5)
        return n.mix(line, n.mix(stain, grain, two), (0.01, 0.01, 0.01, 1))
    if paint.kind == "worn":
        return n.mix(n.span(n.noise(0.12, 5.0), 0.5, 0.62, 0, 0.9), one, two)
    if paint.kind in ("wood", "stain"):
        return n.mix(n.span(n.noise(0.3, 6.0), 0.35, 0.7, 0, 1), one, two)
    if paint.kind == "cloth":
        fold = _shade(paint, 0.6)
        return n.mix(n.span(n.noise(0.16, 2.0), 0.4, 0.65, 0, 1), one, fold)
    if paint.kind == "picture":
        return _picture(n, paint.picture)
    return n.mix(0.0, one, one)


def _flat(n: _Nodes, plane: str) -> Any:
    if plane == "xy":
        return n.place
    split = n.node("ShaderNodeSeparateXYZ", Vector=n.place)
    join = n.node("ShaderNodeCombineXYZ")
    n.set(join.inputs[0], split.outputs[0])
    n.set(join.inputs[1], split.outputs[2])
    return join.outputs[0]


def _picture(n: _Nodes, name: str) -> Any:
    picture = draw(name)
    image = bpy.data.images.new(name, picture.shape[1], picture.shape[0])
    rgba = np.ones((*picture.shape[:2], 4), np.float32)
    rgba[..., :3] = picture[::-1].astype(np.float32) / 255
    image.pixels.foreach_set(rgba.ravel())
    image.pack()
    node = n.tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    n.set(node.inputs[0], n.tree.nodes["Texture Coordinate"].outputs["UV"])
    return node.outputs[0]
