"""The city's configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from api.auth.config import AccessConfig
from api.auth.source_networks import SourceNetworks
from api.camera_list import cameras_of, read_rows, table_path
from api.where import GridConfig, LedgerConfig
from detector.cluster import ClusterConfig
from detector.evidence import (
    FirstFramesConfig,
    LatestConfig,
    PackConfig,
    SealingConfig,
    ShownClipConfig,
)
from detector.incidents import (
    CaseDeskConfig,
    DatabaseConfig,
    DestinationConfig,
    ExchangeConfig,
    RegistryConfig,
    RetentionConfig,
)
from detector.inference import BackendName, usable_cores
from detector.patrol.worth import PatrolConfig
from detector.pipeline.camera_config import CameraConfig
from detector.pipeline.carrying import CarryConfig
from detector.pipeline.evidence_desk import EvidenceDeskConfig
from detector.sources.doors import VISITS_AT_ONCE
from detector.tracking import TrackerConfig
from detector.types import ConfigError

RELEASED_MODELS = Path(__file__).resolve().parent.parent / "models"


class HttpConfig(BaseModel):
    """Where the service answers. Loopback unless said otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8420, ge=0, le=65535)
    max_upload_bytes: int = Field(default=32 * 1024**2, gt=0)


class MapConfig(BaseModel):
    """The map works without tiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tile_url: str | None = Field(
        default=None, pattern=r"^https?://[A-Za-z0-9.\-]+(:\d+)?/[^\s\"';]*$"
    )
    """Such as `http://tiles.city.example/{z}/{x}/{y}.png`. Pages may then load pictures from that
    one origin; without it they load nothing from outside."""

    cover_ledger: Path | None = None
    """Covers to show, CSV or GeoJSON; relative to the configuration file, as `flights`. None: those
    of `ledger`."""

    cover_ledger_crs: str = "EPSG:4326"
    flights: Path | None = None
    """Where `xunjie flight` keeps its work."""

    @property
    def tile_origin(self) -> str:
        if self.tile_url is None:
            return ""
        scheme, _, rest = self.tile_url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"


class EvidenceConfig(BaseModel):
    """How evidence is made and kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: PackConfig = PackConfig()
    moments: EvidenceDeskConfig = EvidenceDeskConfig()
    shown_clip: ShownClipConfig = ShownClipConfig()
    sealing: SealingConfig = SealingConfig()
    first_frames: FirstFramesConfig = FirstFramesConfig()
    latest: LatestConfig = LatestConfig()
    min_free_bytes: int = Field(default=256 * 1024**2, ge=0)
    store: str | None = Field(default=None, pattern=r"^[a-z0-9+]+://\S+$")
    """Such as `s3://bucket/folder`, for nodes without a folder in common; None: `evidence` in the
    data folder."""

    store_options: dict[str, Any] = Field(default_factory=dict)
    """As the store's file system takes them (`endpoint_url`); passwords: from its environment."""


class LooksConfig(BaseModel):
    """How the machine's cores are used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(
        default_factory=lambda: min(64, usable_cores()),
        ge=1,
        le=64,
        description="Looks made at the same time, each on a thread of its own; without it as many"
        " as there are cores.",
    )
    inference_threads: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Threads of one network pass. Passes of looks made at the same time run side"
        " by side, so that more than one only pays where there are fewer looks than cores.",
    )
    backend: BackendName = BackendName.AUTO
    visits_at_once: int = Field(
        default=VISITS_AT_ONCE,
        ge=1,
        le=1024,
        description="Cameras with `visit` that may be connected at one moment, each until its"
        " keyframe has come: what the network carries, whatever the cores.",
    )
    save_presence_every_s: float = Field(default=5, ge=0)
    carry: CarryConfig = CarryConfig()
    model_every_s: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default={"covers": 10.0},
        description="At a fixed camera a model is asked this often, once it sees something at every"
        " look until that is judged. A model without an entry is asked at every look.",
    )
    patrol: PatrolConfig = PatrolConfig()


class FlightsConfig(BaseModel):
    """What comparisons of drone flights may do by themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strike_off: Literal["after_answer", "automatic"] = "after_answer"
    """When the ledger's row of a structure that is called removed goes: once an officer has
    struck it off on the page, or at once."""


class CityConfig(BaseModel):
    """Everything that can be set. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_folder: Path = Path("var/xunjie")
    """Database, evidence, spool and keys; relative to the file that names it."""

    models_folder: Path = RELEASED_MODELS
    candidates_folder: Path | None = None
    """Releases that wait for a decision, a folder each; None: `candidates` in the data folder."""

    runs_folder: Path | None = None
    """Trainings, a folder each; None: `runs` in the data folder."""

    database: DatabaseConfig | None = None
    """None: SQLite in the data folder."""

    http: HttpConfig = HttpConfig()
    access: AccessConfig = AccessConfig()
    pages: bool = True
    """False: headless, REST API only."""

    map: MapConfig = MapConfig()

    cameras: tuple[CameraConfig, ...] = ()
    """Those that `xunjie cameras import` has taken come on top."""

    source_networks: SourceNetworks = SourceNetworks()
    """Where cameras that are entered on a page may stand."""

    grids: tuple[GridConfig, ...] = ()
    ledger: LedgerConfig | None = None
    """The city's covers: a cover's case names its component."""

    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Rule parameters for the whole city, by violation."""

    tracker: TrackerConfig = TrackerConfig()
    registry: RegistryConfig = RegistryConfig()
    cases: CaseDeskConfig = CaseDeskConfig()
    destinations: tuple[DestinationConfig, ...] = ()
    exchange: ExchangeConfig = ExchangeConfig()
    """Other instances: a county's, the city's."""

    evidence: EvidenceConfig = EvidenceConfig()
    retention: RetentionConfig = RetentionConfig()
    looks: LooksConfig = LooksConfig()
    flights: FlightsConfig = FlightsConfig()
    cluster: ClusterConfig = ClusterConfig()
    """Several machines that share the cameras."""

    @model_validator(mode="after")
    def _one_of_each(self) -> CityConfig:
        for kind, names in (
            ("cameras", [camera.id for camera in self.cameras]),
            ("destinations", [destination.name for destination in self.destinations]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind}: {', '.join(twice)} stands there twice")
        return self

    @property
    def shown_ledger(self) -> LedgerConfig | None:
        """Whose covers the map shows."""
        if self.map.cover_ledger is None:
            return self.ledger
        return LedgerConfig(file=self.map.cover_ledger, crs=self.map.cover_ledger_crs)

    @property
    def candidates(self) -> Path:
        return self.candidates_folder or self.data_folder / "candidates"

    @property
    def runs(self) -> Path:
        return self.runs_folder or self.data_folder / "runs"

    @property
    def database_config(self) -> DatabaseConfig:
        if self.database is not None:
            return self.database
        return DatabaseConfig(url=f"sqlite:///{self.data_folder / 'xunjie.db'}")


def read_config(path: Path) -> CityConfig:
    """Reads a YAML file. Raises ConfigError naming the file and each field at fault; values are
    not repeated, since they may hold passwords."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not valid YAML: {_where(error)}") from error
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: must hold keys such as 'cameras:', not a {type(raw).__name__}")
    config = parse_config(raw, str(path))
    base = path.resolve().parent
    folder = base / config.data_folder
    cameras = (*config.cameras, *cameras_of(read_rows(table_path(folder))))
    grids = tuple(grid.model_copy(update={"file": base / grid.file}) for grid in config.grids)
    update = {"data_folder": folder, "cameras": cameras, "grids": grids}
    if config.ledger is not None:
        update["ledger"] = config.ledger.model_copy(update={"file": base / config.ledger.file})
    for name in ("candidates_folder", "runs_folder"):
        if (given := getattr(config, name)) is not None:
            update[name] = base / given
    files = {"cover_ledger": config.map.cover_ledger, "flights": config.map.flights}
    moved = {name: base / given for name, given in files.items() if given is not None}
    update["map"] = config.map.model_copy(update=moved)
    return config.model_copy(update=update)


def parse_config(raw: dict[str, Any], name: str) -> CityConfig:
    """Raises ConfigError, one line a fault."""
    try:
        return CityConfig.model_validate(raw)
    except ValidationError as error:
        lines = [
            f"{name}: {_path(fault['loc'], raw)}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigError("\n".join(lines)) from error


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "cannot be parsed"
    return f"line {mark.line + 1}: {problem}" if mark else str(problem)


def _path(loc: tuple[int | str, ...], raw: Any) -> str:
    """The field's path, with a camera's id beside its number."""
    parts: list[str] = []
    for part in loc:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            raw = None
        named = isinstance(part, int) and isinstance(raw, dict) and raw.get("id")
        parts.append(f"{part} ({named})" if named else str(part))
    return ".".join(parts) or "file"
