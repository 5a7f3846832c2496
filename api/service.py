"""The running service: its parts, put together once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Final

import structlog

from api.auth import Access
from api.camera_list import cameras_of, read_rows, table_path
from api.config import CityConfig
from api.node_profile import address_for_others, node_profile
from api.released_models import ReleasedModels
from api.shared_cameras import MOVING, SharedCameras, unit_of
from api.ui.camera_settings import (
    CameraSettings,
    applied,
    camera_with_saved,
    cameras_with_saved,
    with_saved,
)
from api.where import component_finder, grid_finder
from detector.cluster import Fence, Member
from detector.evidence import (
    EvidencePacker,
    FileStore,
    FileStoreConfig,
    FirstFrames,
    FirstFramesConfig,
    LatestPictures,
    RemoteStore,
    Sealer,
)
from detector.incidents import (
    CaseDesk,
    CaseQueue,
    ChainVerifier,
    Changes,
    Courier,
    CourierService,
    Database,
    EvidenceLedger,
    IncidentRegistry,
    Outbox,
    OutcomeDesk,
    OutcomeService,
    Queries,
    ReceptionDesk,
    Retention,
    VerdictDesk,
    build_collectors,
    build_sink,
    is_processed,
    load_presence,
)
from detector.incidents.past import opened_by_source
from detector.incidents.sinks.config import SinkConfig
from detector.inference import COMMON_SIZES_PX, closer, warm_up
from detector.patrol.worth import History
from detector.pipeline.camera import Camera
from detector.pipeline.camera_config import CameraConfig
from detector.pipeline.engine import Engine
from detector.pipeline.evidence_desk import EvidenceDesk
from detector.pipeline.ground_watch import GroundWatch
from detector.pipeline.model_set import asked, wanted_classes
from detector.pipeline.recorder import Recorder, Viewpoint
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.doors import doors_of_visits
from detector.sources.registry import SourceContext, build_source
from detector.sources.trust import TrustCheck
from detector.types import (
    Box,
    ConfigError,
    Detector,
    Position,
    Rule,
    Source,
    XunjieError,
)

_log = structlog.get_logger(__name__)
_RETENTION_EVERY_S: Final = 3600.0
_NOT_DUE_S: Final = 10.0
_FIRST_LOOKS_S: Final = 5.0  # in which nothing is measured beside them
_RETENTION: Final = "duty: retention"
_OUTCOMES: Final = "duty: outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The parts that read and write records; pages and routes use these."""

    database: Database
    store: FileStore | RemoteStore
    packer: EvidencePacker
    outbox: Outbox
    desk: CaseDesk
    registry: IncidentRegistry
    verdicts: VerdictDesk
    outcomes: OutcomeDesk
    reception: ReceptionDesk
    queue: CaseQueue
    queries: Queries
    ledger: EvidenceLedger
    chain: ChainVerifier
    retention: Retention


def open_records(config: CityConfig) -> Records:
    """Opens (and migrates) the database and the evidence store. Raises ConfigError, DiskFull."""
    try:
        config.data_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"data_folder {config.data_folder}: {error.strerror}") from error
    database = Database(config.database_config)
    database.migrate()
    store = open_store(config)
    sealer = Sealer.from_file(config.evidence.sealing.path_in(config.data_folder))
    outbox = Outbox(database, config.destinations, instance=config.exchange.instance)
    desk = CaseDesk(
        config.cases,
        outbox,
        grid_of=grid_finder(config.grids),
        component_of=component_finder(config.ledger),
    )
    return Records(
        database=database,
        store=store,
        packer=EvidencePacker(store, sealer, config.evidence.pictures),
        outbox=outbox,
        desk=desk,
        registry=IncidentRegistry(config.registry, desk),
        verdicts=VerdictDesk(database, desk),
        outcomes=OutcomeDesk(database),
        reception=ReceptionDesk(database, outbox, store, config.exchange.instance),
        queue=CaseQueue(database),
        queries=Queries(database),
        ledger=EvidenceLedger(),
        chain=ChainVerifier(database, store),
        retention=Retention(database, store, config.retention),
    )


def open_store(config: CityConfig, spool: str | None = None) -> FileStore | RemoteStore:
    """Where evidence is kept; with `spool`, where pictures of that name wait to become evidence.
    Raises ConfigError, DiskFull."""
    settings = config.evidence
    if settings.store is not None:
        url = f"{settings.store.rstrip('/')}/spool/{spool}" if spool else settings.store
        return RemoteStore(url, settings.store_options)
    folder = config.data_folder / (f"spool/{spool}" if spool else "evidence")
    return FileStore(FileStoreConfig(folder=folder, min_free_bytes=settings.min_free_bytes))


class Service:
    """Sources, looks, couriers and retention; `start` and `stop` once each."""

    def __init__(
        self,
        config: CityConfig,
        *,
        detectors: Sequence[Detector] | None = None,
        changed: Callable[[Changes], None] = lambda changes: None,
        node: str | None = None,
        watching: bool = True,
    ) -> None:
        """Raises ConfigError, ModelError or DiskFull; nothing has been started then.

        `detectors` take the place of the released models, for tests. `node`: this process's name
        where several share the cameras over one database; it then looks at its share of them, or
        at none without `watching`.
        """
        self.records = open_records(config)
        self._in_file = {c.id for c in config.cameras} - {
            row.id for row in read_rows(table_path(config.data_folder))
        }
        self.config = config = with_saved(config, self.records.database)
        self._fences: dict[str, Fence] = {}
        self.node = node
        try:
            self.member = self._member(node, watching=watching) if node is not None else None
        except ConfigError:
            self.records.database.close()
            raise
        self._watches: dict[str, Watch] = {}
        self._visits = doors_of_visits(config.looks.visits_at_once)
        self.access = Access(self.records.database, config.access)
        self.latest = LatestPictures(config.evidence.latest)
        self.started_at: datetime | None = None
        self._changed = changed
        self._given = detectors is not None
        choices = f"engines-{node}.json" if node else "engines.json"
        self._models = ReleasedModels(config, config.data_folder / choices)
        self._detectors = tuple(detectors) if detectors is not None else self._models.load()
        self._compiling = _begun(partial(warm_up, self._detectors, COMMON_SIZES_PX[:1]))
        self._changing = threading.RLock()
        self._couriers = _couriers(config, self.records.outbox)
        self._outcomes = OutcomeService(
            build_collectors(
                self.records.outbox,
                self.records.outcomes,
                config.destinations,
                due=partial(self._has_duty, _OUTCOMES),
            )
        )
        self._evidence = self._evidence_desk()
        self._recorder = Recorder(
            self.records.database, self.records.registry, self._evidence, self._couriers.wake
        )
        self.engine = Engine(
            [self._camera(c, self._source(c)) for c in config.cameras if self.member is None],
            threads=config.looks.threads,
        )
        self._stopping = threading.Event()
        self._janitor = threading.Thread(target=self._clean, name="retention", daemon=True)
        self._settling = threading.Thread(target=self._settle, name="models", daemon=True)

    @property
    def detectors(self) -> tuple[Detector, ...]:
        return self._detectors

    def start(self) -> None:
        self.started_at = datetime.now(UTC)
        self._couriers.start()
        self._outcomes.start()
        self._janitor.start()
        self._compiling.result()  # else the first looks wait for compilers
        self.engine.start()
        self._settling.start()
        if self.member is not None:
            self.member.start()
        _log.info("started", cameras=len(self.config.cameras), database=self.records.database.name)

    def stop(self) -> None:
        """Ends looks first, then deliveries; idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._models.stop()
        self.end_looks()
        self._outcomes.stop()
        self._couriers.stop()
        for thread in (self._janitor, self._settling):
            if thread.ident is not None:
                thread.join(timeout=30)
        self.records.database.close()
        _log.info("stopped")

    def answers_at(self, url: str) -> None:
        """Other nodes are told where the pages of this one are; before `start`."""
        if self.member is not None:
            self.member.book.answers_at(address_for_others(url))

    def end_looks(self) -> None:
        """What is in memory is written while the cameras are still ours, then they are free."""
        if self.member is not None:
            self.member.stop_sharing()
        self.engine.stop()
        if self.member is not None:
            self.member.leave()

    def look_at(self, fence: Fence) -> None:
        """A camera (or all moving sources) that has come from another node, or is free.

        Raises XunjieError with nothing changed.
        """
        unit = fence.lease.unit
        with self._changing:
            self._fences[unit] = fence
            if unit == MOVING:
                self.__dict__.pop("_ground", None)  # what others have seen meanwhile counts
            chosen = [c for c in self.config.cameras if unit_of(c) == unit]
            try:
                for config in chosen:
                    self._evidence.adopt(config.id)
                    self.engine.put_in(self._camera(config, self._source(config)))
            except Exception:
                self._fences.pop(unit, None)
                self._take_out(chosen, save=False)
                raise

    def look_away(self, unit: str, *, save: bool) -> None:
        """Leaves it to others; `save`: it is still ours, so what is in memory is written."""
        with self._changing:
            chosen = [c for c in self.config.cameras if unit_of(c) == unit]
            self._fences.pop(unit, None)
        self._take_out(chosen, save=save)

    def _take_out(self, cameras: Sequence[CameraConfig], *, save: bool) -> None:
        for config in cameras:
            self.engine.take_out(config.id, save=save)  # not under the lock: it may take seconds
            with self._changing:
                self._watches.pop(config.id, None)
            self.latest.forget(config.id)
            self._evidence.release(config.id)

    def apply_settings(self, camera_id: str, settings: CameraSettings) -> None:
        """Zones and masks that were drawn on a page, from the camera's next look on."""
        self._apply_settings(camera_id, settings)
        self.tell("settings")

    def tell(self, subject: str) -> None:
        """Other nodes look again at what was changed here: settings, cameras, models."""
        if self.member is not None:
            self.member.signals.send(subject)

    def hear(self, subject: str) -> None:
        """Something was changed on some node, perhaps this one."""
        if subject == "settings":
            drawn = with_saved(self.config, self.records.database).cameras
            for before, now in zip(self.config.cameras, drawn, strict=True):
                if before != now:
                    masks = now.privacy_polygons_unit
                    settings = CameraSettings(zones=now.zones, privacy_polygons_unit=masks)
                    self._apply_settings(now.id, settings)
        elif subject == "cameras":
            self._read_table()
        elif subject == "models":
            self._exchange_models()

    def _read_table(self) -> None:
        """Raises ConfigError; the cameras are as before then."""
        table = cameras_of(read_rows(table_path(self.config.data_folder)))
        own = [c for c in self.config.cameras if c.id in self._in_file]
        now = {c.id: c for c in cameras_with_saved((*own, *table), self.records.database)}
        before = {c.id: c for c in self.config.cameras}
        for camera_id, camera in now.items():
            if before.get(camera_id) != camera:
                self.put_camera(camera)
        for camera_id in before.keys() - now.keys():
            self.drop_camera(camera_id)

    def _apply_settings(self, camera_id: str, settings: CameraSettings) -> None:
        cameras = self.config.cameras
        changed = tuple(applied(c, settings) if c.id == camera_id else c for c in cameras)
        self.config = self.config.model_copy(update={"cameras": changed})
        watch, camera = self._watches.get(camera_id), self.engine.camera(camera_id)
        if watch is not None:
            watch.zones = tuple(zone.zone() for zone in settings.zones)
        if camera is not None:
            camera.view = replace(camera.view, privacy=settings.privacy_polygons_unit)

    def reload_models(self) -> None:
        """Models that were exchanged on disk take over, each camera's between two of its looks.

        Raises ModelError or ConfigError; everything is as before then.
        """
        self._exchange_models()
        self.tell("models")

    def _exchange_models(self) -> None:
        self._reload_models()
        with self._changing:
            if self._settling.ident is not None and not self._settling.is_alive():
                self._settling = threading.Thread(target=self._settle, name="models", daemon=True)
                self._settling.start()

    def _reload_models(self) -> None:
        with self._changing:
            if self._given:
                return
            detectors = self._models.load(self._detectors)
            chosen = {
                camera.id: closer(needed(detectors, watch.rules), camera.closer)
                for camera in self.config.cameras
                if (watch := self._watches.get(camera.id)) is not None
            }
            warm_up([model for model in detectors if model not in self._detectors])
            if "_ground" in self.__dict__:
                self._ground.use(needed(detectors, self._ground.rules))
            self._detectors = detectors
            for camera in self.engine.cameras:
                if camera.id in chosen:
                    watch = self._watches[camera.id]
                    camera.before_next_look(partial(watch.use, chosen[camera.id]))
        _log.info("models_reloaded", models=[f"{m.name} {m.sha256[:8]}" for m in detectors])

    def put_camera(self, config: CameraConfig) -> None:
        """A camera that is new, or has other settings: looked at from now on.

        Raises ConfigError with nothing changed. What was followed at it stays, unless its picture
        comes from elsewhere now.
        """
        with self._changing:
            needed(self._detectors, rules_of(config, self.config))
            source = self._source(config)
            config = camera_with_saved(config, self.records.database)
            before = next((c for c in self.config.cameras if c.id == config.id), None)
            self.engine.take_out(config.id)
            others = tuple(c for c in self.config.cameras if c.id != config.id)
            self.config = self.config.model_copy(update={"cameras": (*others, config)})
            same = before is None or _place_of(before) == _place_of(config)
            if self.member is None or unit_of(config) in self._fences:
                self.engine.put_in(self._camera(config, source, anew=not same))

    def drop_camera(self, camera_id: str) -> None:
        """Looks at it no more; its records stay."""
        with self._changing:
            self.engine.take_out(camera_id)
            self._watches.pop(camera_id, None)
            self.latest.forget(camera_id)
            others = tuple(c for c in self.config.cameras if c.id != camera_id)
            self.config = self.config.model_copy(update={"cameras": others})

    def retry_now(self, destination: str) -> None:
        """A person has sent something again: a destination that rests is asked at once."""
        self._couriers.retry_now(destination)

    def wake_couriers(self) -> None:
        """A verdict has posted something."""
        self._couriers.wake()

    def _evidence_desk(self) -> EvidenceDesk:
        config, records = self.config.evidence, self.records
        sealer = Sealer.from_file(config.sealing.path_in(self.config.data_folder))

        def frames(name: str, settings: FirstFramesConfig) -> FirstFrames:
            store = open_store(self.config, name)
            return FirstFrames(store, sealer, settings, shared=self.member is not None)

        # An incident can stay open for days; the picture of its last sighting waits as long.
        last = config.first_frames.model_copy(update={"retention_min": 14 * 24 * 60.0})
        return EvidenceDesk(
            records.packer,
            records.ledger,
            frames("first", config.first_frames),
            frames("last", last),
            config.moments,
        )

    def _camera(self, config: CameraConfig, source: Source, *, anew: bool = False) -> Camera:
        fixed = not source.moving
        rules = rules_of(config, self.config) if fixed else list(self._ground.rules)
        watch = self._watch(config, rules) if fixed else None
        if watch is not None:
            self._watches[config.id] = watch
        unit = unit_of(config)
        camera = Camera(
            source=source,
            interval_s=config.source.interval_s,
            trust=TrustCheck(config.trust, fixed=fixed and source.paced),
            examiner=watch or self._ground,
            blind=watch.blind if watch else lambda at: None,
            view=self._viewpoint(config, fixed, rules),
            recorder=self._recorder,
            evidence=self._evidence,
            latest=self.latest,
            presence_id=unit,
            # Another node goes on from what was saved: each look that followed something counts.
            save_every_s=0 if self.member else self.config.looks.save_presence_every_s,
            changed=self._changed,
            priority=config.priority,
            history=History(self.config.looks.patrol, self._past.get(config.id, ())),
        )
        if fixed and not anew:
            camera.before_next_look(partial(self._restore, camera, unit))
        elif not anew:
            self._restore(camera, unit)  # what all moving sources share is not restored twice
        return camera

    def _restore(self, camera: Camera, unit: str) -> None:
        """Of thousands of cameras each does it at its own first look, not all before any look."""
        with self.records.database.reading() as transaction:
            saved = load_presence(transaction, unit)
        if saved is not None:
            camera.restore(saved.state, newest_at=saved.saved_at if self.member else None)

    @cached_property
    def _past(self) -> dict[str, list[datetime]]:
        """When each camera's earlier incidents were opened."""
        since = datetime.now(UTC) - 4 * timedelta(days=self.config.looks.patrol.half_life_days)
        with self.records.database.reading() as transaction:
            return opened_by_source(transaction, since)

    def _watch(self, config: CameraConfig, rules: Sequence[Rule]) -> Watch:
        return Watch(
            detectors=closer(needed(self._detectors, rules), config.closer),
            rules=rules,
            zones=tuple(zone.zone() for zone in config.zones),
            tracker=self.config.tracker,
            carry=self.config.looks.carry.at_pace(config.source.interval_s),
            paces=self.config.looks.model_every_s,
        )

    @cached_property
    def _ground(self) -> GroundWatch:
        """One for all moving sources. They report covers: a passing camera cannot time a vendor."""
        rules = [build_rule({"rule": "cover", **self.config.rules.get("cover", {})})]
        return GroundWatch(
            detectors=needed(self._detectors, rules), rules=rules, tracker=self.config.tracker
        )

    def _viewpoint(self, config: CameraConfig, fixed: bool, rules: Sequence[Rule]) -> Viewpoint:
        return Viewpoint(
            source_id=config.id,
            fixed=fixed,
            violations=frozenset(rule.violation for rule in rules),
            privacy=config.privacy_polygons_unit,
            locate=locator(config),
            fence=self._fences.get(unit_of(config)),
        )

    def _source(self, config: CameraConfig) -> Source:
        spool = self.config.data_folder / "spool" / "push"
        context = SourceContext(seen=self._seen, spool_dir=spool, visits=self._visits)
        return build_source(config.source, context)

    def _seen(self, origin_key: str) -> bool:
        with self.records.database.reading() as transaction:
            return is_processed(transaction, origin_key)

    def _member(self, name: str, *, watching: bool) -> Member:
        if self.records.database.is_sqlite:
            raise ConfigError(
                f"node {name}: several machines share a PostgreSQL database; set database.url"
            )
        sealing = self.config.evidence.sealing.path_in(self.config.data_folder)
        key_id = Sealer.from_file(sealing).key_id
        profile = node_profile(name, self.config, key_id, watching=watching)
        return Member(
            self.records.database,
            profile,
            self.config.cluster,
            SharedCameras(self),
            duties=(_RETENTION, _OUTCOMES),
        )

    def _settle(self) -> None:
        """What no look has to wait for: the rarer pictures, then the cheapest engines."""
        try:
            warm_up(self._detectors)
            if self._stopping.wait(_FIRST_LOOKS_S):
                return
            while self._models.measure(self._detectors):
                self._reload_models()
        except Exception:
            _log.exception("models_not_settled")  # tried again at a rarer look, the next start

    def _has_duty(self, duty: str) -> bool:
        """What must happen once in a city, not once on each machine."""
        return self.member is None or self.member.holds(duty)

    def _clean(self) -> None:
        while True:
            if not self._has_duty(_RETENTION):
                if self._stopping.wait(_NOT_DUE_S):
                    return
                continue
            try:
                report = self.records.retention.enforce(datetime.now(UTC))
                gone = {kind.value: n for kind, n in report.deleted.items() if n}
                if gone:
                    _log.info("retention", deleted=gone)
            except Exception:
                # Keeping too long is bad, but no reason to end the service; tried again later.
                _log.exception("retention_failed")
            if self._stopping.wait(_RETENTION_EVERY_S):
                return


def _begun(work: Callable[[], None]) -> Future[None]:
    """Work that is done beside the start."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="start")
    future = executor.submit(work)
    executor.shutdown(wait=False)
    return future


def locator(config: CameraConfig) -> Callable[[Box], Position | None]:
    """Where a box on the camera's picture stands: by its calibration, else the camera's place."""
    position = config.position.position() if config.position else None
    ground = config.ground()
    if ground is None:
        return lambda box: position
    return lambda box: ground.foot(box) or position


def _place_of(config: CameraConfig) -> tuple[str, str]:
    return getattr(config.source, "kind", ""), str(getattr(config.source, "url", ""))


def rules_of(camera: CameraConfig, city: CityConfig) -> list[Rule]:
    """The camera's rules. Raises ConfigError naming the camera."""
    try:
        return [
            build_rule({"rule": task, **city.rules.get(task, {}), **camera.rules.get(task, {})})
            for task in camera.tasks
        ]
    except ConfigError as error:
        raise ConfigError(f"camera {camera.id}: {error}") from error


def needed(detectors: Sequence[Detector], rules: Sequence[Rule]) -> tuple[Detector, ...]:
    """The models that are asked; raises ConfigError where none sees a class that is wanted."""
    chosen = tuple(asked(detectors, rules))
    missing = wanted_classes(rules) - {name for model in chosen for name in model.classes}
    if missing:
        names = ", ".join(sorted(missing))
        raise ConfigError(f"no released model sees {names}", code="classes_unseen", classes=names)
    return chosen


def _with_evidence(sink: SinkConfig, config: CityConfig) -> SinkConfig:
    """A sink that hands pictures over reads ours, unless another folder is named. One that must
    have a folder says so itself where evidence lies in a store."""
    if getattr(sink, "evidence_folder", "") is not None or config.evidence.store is not None:
        return sink
    return sink.model_copy(update={"evidence_folder": config.data_folder / "evidence"})


def _couriers(config: CityConfig, outbox: Outbox) -> CourierService:
    couriers = []
    try:
        for destination in config.destinations:
            sink = build_sink(_with_evidence(destination.sink, config), destination.name)
            couriers.append(Courier(outbox, destination, sink))
    except XunjieError:
        for courier in couriers:
            courier.stop()
        raise
    return CourierService(couriers)
