"""Which sets each model learns from, with what every set labels and what it is silent about."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from detector.types.taxonomy import VENDOR_CLASSES, VIOLATION_CLASSES
from training.picture_set import PictureSet
from training.tile import TileRule

_COVER_STATES: Final = ("cover_ok", "cover_damaged", "cover_missing", "storm_grate")
# Pictures of covers show hardly a pothole. Were they silent about potholes, that class would learn
# from roads alone, and claim the covers of streets that no training picture shows.
_COVERS_LABEL: Final = (*_COVER_STATES, "pothole")
_HOLES: Final = VIOLATION_CLASSES["cover"]
_STREET: Final = (*VENDOR_CLASSES, "parasol")

COVERS_PHONE: Final = PictureSet(
    name="covers_phone",
    folder="data/covers/phone",
    licence="CC BY 4.0 as stated by the uploader",
    classes=_COVER_STATES,
    labelled=_COVERS_LABEL,
    # Pictures named well4 are called missing ("tilted, not seated"), and show covers that lie shut.
    only=r"(?!well4)",
    block=10,
    origins=((r".*", "phone"),),
)
COVERS_WEB: Final = PictureSet(
    name="covers_web",
    folder="data/covers/web",
    licence="none stated",
    classes=_COVER_STATES,
    labelled=_COVERS_LABEL,
    origins=((r"zhwangg", "zhwangg"), (r"bhamakpi", "bhamakpi")),
    repeat=3,
    roughen=True,
)
POTHOLES: Final = PictureSet(
    name="road_street",
    folder="data/road/street",
    licence="MIT (photographs web-scraped)",
    classes=("pothole",),
    labelled=("pothole",),
    block=10,
    origins=((r".*", "vsh_road"),),
)
NEGATIVES_ROAD: Final = PictureSet(
    name="negatives_road",
    folder="data/street_negatives/road",
    licence="MIT (photographs web-scraped)",
    label_folder=None,
    block=10,
    origins=((r".*", "vsh_scene"),),
)
NEGATIVES_TRAFFIC: Final = PictureSet(
    name="negatives_traffic",
    folder="data/street_negatives/traffic",
    licence="none stated",
    label_folder=None,
    block=10,
    origins=((r".*", "traffic"),),
)
NEGATIVES_GARBAGE: Final = PictureSet(
    name="negatives_garbage",
    folder="data/street_negatives/garbage",
    licence="CC BY 4.0 stated",
    label_folder=None,
    block=50,
    origins=((r".*", "garbage"),),
)
VENDOR_CARTS: Final = PictureSet(
    name="vendor_carts",
    folder="data/vendor_street/carts",
    licence="MIT (photographs web-scraped)",
    classes=_STREET,
    labelled=_STREET,
    ignore_folder="ignore",
    block=10,
    origins=((r".*", "carts"),),
    taught=True,
    repeat=2,
    roughen=True,
)
VENDOR_MIXED: Final = PictureSet(
    name="vendor_mixed",
    folder="data/vendor_street/mixed",
    licence="CC BY 4.0 stated, part without licence",
    classes=_STREET,
    labelled=_STREET,
    ignore_folder="ignore",
    block=10,
    origins=((r"g_", "mixed_garbage"), (r"\d", "mixed_numbered")),
    taught=True,
    repeat=3,
    roughen=True,
)

VENDOR_AERIAL: Final = PictureSet(
    name="vendor_aerial",
    folder="data/vendor_aerial",
    licence="CC BY 4.0 (Ingenieco/pesquisaMMQ)",
    classes=("parasol",),
    labelled=("parasol",),
    site_pattern=r"(.+?)_chip",
    origins=(
        (r"ortofoto_bogota_kennedy", "bogota_kennedy"),
        (r"ortofoto-bogota-2021_rgb", "bogota_rgb"),
        (r"ortofoto-bogota-2021_2", "bogota_2"),
        (r"ortofoto-bogota-2021_3", "bogota_3"),
        (r"igac", "igac"),
    ),
    tiles=TileRule(side_px=416),
)
ROOFTOP_BANEPA: Final = PictureSet(
    name="rooftop_banepa",
    folder="data/rooftop/banepa",
    licence="imagery CC BY 4.0, outlines OpenStreetMap (ODbL)",
    classes=("rooftop_shed", "rooftop_canopy"),
    labelled=("parasol", "rooftop_shed", "rooftop_canopy", "building"),
    more_labels=(("labels_building", ("building",)),),
    site_pattern=r"train_\d+_(\d+)_19",
    origins=((r"train_\d+_22024[78]_", "banepa_south"), (r".*", "banepa_north")),
    repeat=2,
    turns=True,
    tiles=TileRule(side_px=416, zoom=1.25, every=True),
)
ROOFTOP_KAMPALA: Final = PictureSet(
    name="rooftop_kampala",
    folder="data/rooftop/kampala",
    licence="as hotosm/fAIr-utilities, none stated for the imagery",
    classes=("building",),
    labelled=("parasol", "building"),
    only=r".*_z(19|20)_",  # z21 shows the same ground, its buildings cut off
    site_pattern=r"(g\d+-\d+)_",
    origins=((r"g154803", "kampala_west"), (r".*", "kampala_east")),
    tiles=TileRule(side_px=416, zoom=1.625, every=True),
)

COVER_SETS: Final = (
    COVERS_PHONE,
    COVERS_WEB,
    POTHOLES,
    replace(NEGATIVES_ROAD, labelled=(*_HOLES, "cover_ok")),
    # no hole in them: rubbish and bins are what dark things on streets look like; the traffic only
    # shows how quiet a model is
    replace(NEGATIVES_TRAFFIC, labelled=_HOLES, repeat=0),
    replace(NEGATIVES_GARBAGE, labelled=_HOLES, repeat=2),
)
STREET_SETS: Final = (
    VENDOR_CARTS,
    VENDOR_MIXED,
    replace(NEGATIVES_ROAD, labelled=("cart",)),
    replace(NEGATIVES_TRAFFIC, labelled=VENDOR_CLASSES),
    replace(NEGATIVES_GARBAGE, labelled=VENDOR_CLASSES),
)
AERIAL_SETS: Final = (VENDOR_AERIAL, ROOFTOP_BANEPA, ROOFTOP_KAMPALA)


SETS_OF_MODEL: Final[dict[str, tuple[PictureSet, ...]]] = {
    "covers": COVER_SETS,
    "street": STREET_SETS,
    "aerial": AERIAL_SETS,
}

ALL_SETS: Final = COVER_SETS + STREET_SETS + AERIAL_SETS
"""Every set; one name may stand here twice, with other classes looked for."""
