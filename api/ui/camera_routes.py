"""The city's table of cameras: read, import, add, change, take away."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from api.auth.guard import AccessDep, IdentityDep
from api.camera_list import cameras_of
from api.deps import ERRORS, ServiceDep
from api.problem import Told
from api.service import Service
from api.ui.camera_book import CameraBook, CameraFaultError, Looked, version_of
from detector.incidents import ConflictError
from detector.pipeline.camera_config import CameraConfig
from detector.sources.base import redact
from detector.sources.camera_table import CameraRow
from detector.types import ConfigError

router = APIRouter(
    prefix="/api/cameras",
    tags=["sources"],
    responses={**ERRORS, 422: {"description": "Cannot be taken; `detail` names what is wrong"}},
)
Kind = Literal["stream", "snapshot", "gateway", "push"]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
_SHOWN = 200


class CameraEntry(BaseModel):
    """A camera as it is configured; user names and passwords are left out of the address.
    `version` is empty for one of the configuration file, which pages do not change."""

    id: str
    name: str
    kind: str
    address: str
    interval_s: float
    tasks: list[str]
    x: float | None
    y: float | None
    crs: str
    department: str
    county: str
    grid: str
    version: str


class CameraChange(BaseModel):
    """`version` as it was read, empty for a new camera. An empty `url` keeps the one it has.
    A gateway's url ends with /DEVICE/CHANNEL, 20 digits each; a push camera has none."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(default="", max_length=16)
    name: Text = ""
    kind: Kind
    url: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f]*$")] = ""
    interval_s: float = Field(default=10, ge=0.2, le=86_400)
    tasks: list[Text] = Field(default=["vendor", "cover"], min_length=1, max_length=20)
    x: float | None = Field(default=None, ge=-1e7, le=1e7)
    y: float | None = Field(default=None, ge=-1e7, le=1e7)
    crs: Text = ""
    department: Text = ""
    county: Text = ""
    grid: Text = ""


class LineFault(Told):
    """Why a line cannot be taken."""

    line: int  # of the file, the header being line 1
    column: str


class NotStarted(Told):
    """A camera that was taken, but that this service cannot look at."""

    id: str


class TableAnswer(BaseModel):
    """The first 200 of each list. Cameras that the table does not name stay as they are."""

    added: int
    changed: int
    unchanged: int
    added_ids: list[str]
    changed_ids: list[str]
    faults: list[LineFault]
    fault_count: int
    taken: bool
    not_started: list[NotStarted]


@router.get("")
def list_cameras(service: ServiceDep, request: Request) -> list[CameraEntry]:
    """Every configured camera."""
    rows = book_of(request).rows()
    return [_entry(camera, rows.get(camera.id)) for camera in service.config.cameras]


@router.post("/import", responses={413: {"description": "Too large"}})
def import_table(
    request: Request,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
    table: Annotated[UploadFile, File(description="CSV, UTF-8 or GB 18030")],
    take: Annotated[
        Literal["nothing", "all", "good"],
        Query(description="nothing: only look; all: if no row is wrong; good: the good rows"),
    ] = "nothing",
) -> TableAnswer:
    """Looks at a table, and takes it if it is asked to. Bad rows are named by line."""
    book, limit = book_of(request), service.config.http.max_upload_bytes
    data = table.file.read(limit + 1)
    if len(data) > limit:
        raise CameraFaultError(f"more than {limit} bytes", code="table_too_large", bytes=limit)
    with book.lock:
        looked = book.look_at(data, (table.filename or "table")[:100])
        taken = take == "good" or (take == "all" and not looked.faults)
        if not taken:
            return _answer(looked, taken=False, not_started=[])
        fresh = [*looked.diff.added, *(change.after for change in looked.diff.changed)]
        detail = {"added": len(looked.diff.added), "changed": len(looked.diff.changed)}
        access.audit.add(identity, "cameras_imported", (table.filename or "")[:100], detail)
        book.write(looked.rows)
        answer = _answer(looked, taken=True, not_started=_put_in(service, fresh))
        service.tell("cameras")
        return answer


@router.put("/{camera_id}")
def put_camera(
    camera_id: str,
    body: CameraChange,
    request: Request,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> CameraEntry:
    """Adds a camera or changes one of the table; looked at with that from now on."""
    book = book_of(request)
    with book.lock:
        before = book.demand(camera_id) if body.version else None
        if before is None:
            book.demand_free(camera_id)
        elif version_of(before) != body.version:
            raise ConflictError(
                f"somebody has changed {camera_id} meanwhile; load it again",
                code="camera_changed",
                id=camera_id,
            )
        row = book.row_of(_cells(camera_id, body), before.url if before else "")
        (config,) = cameras_of([row])
        action = "camera_changed" if before else "camera_added"
        access.audit.add(identity, action, camera_id, {"address": redact(row.url)})
        try:
            service.put_camera(config)
        except ConfigError as error:
            raise CameraFaultError.like(error) from error
        book.write([row])
        service.tell("cameras")
        return _entry(config, row)


@router.delete("/{camera_id}", status_code=204)
def delete_camera(
    camera_id: str,
    request: Request,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> None:
    """Takes a camera out of the table; it is looked at no more, its records stay."""
    book = book_of(request)
    with book.lock:
        book.demand(camera_id)
        access.audit.add(identity, "camera_removed", camera_id)
        book.write([], without=camera_id)
        service.drop_camera(camera_id)
        service.tell("cameras")


def book_of(request: Request) -> CameraBook:
    book: CameraBook = request.app.state.cameras
    return book


def _put_in(service: Service, rows: list[CameraRow]) -> list[NotStarted]:
    faults = []
    for config in cameras_of(rows):
        try:
            service.put_camera(config)
        except ConfigError as error:
            faults.append(NotStarted(id=config.id, **error.told()))
    return faults


def _cells(camera_id: str, body: CameraChange) -> dict[str, str]:
    return {
        "id": camera_id,
        "name": body.name,
        "url": _table_url(body.kind, body.url.strip()),
        "lon": "" if body.x is None else repr(body.x),
        "lat": "" if body.y is None else repr(body.y),
        "crs": body.crs if body.x is not None else "",
        "department": body.department,
        "county": body.county,
        "grid": body.grid,
        "interval": repr(body.interval_s),
        "tasks": ";".join(body.tasks),
    }


def _table_url(kind: Kind, url: str) -> str:
    """As the table writes it. Only an http address does not tell by itself what it is."""
    if kind == "push":
        return "push:"
    web = url.startswith(("http://", "https://"))
    if kind == "stream" and not web:
        return url
    if url and not web:
        raise CameraFaultError(
            f"url: a {kind} has an address that begins with http://", code="url_not_http"
        )
    return f"{kind}+{url}" if url else ""


def _entry(camera: CameraConfig, row: CameraRow | None) -> CameraEntry:
    source: Any = camera.source
    place = camera.position
    address = row.url if row else str(getattr(source, "url", "") or getattr(source, "path", ""))
    return CameraEntry(
        id=camera.id,
        name=source.name,
        kind=source.kind,
        address=redact(_bare(address)),
        interval_s=source.interval_s,
        tasks=list(camera.tasks),
        x=place.x if place else None,
        y=place.y if place else None,
        crs=place.crs if place else "",
        department=row.department if row else "",
        county=row.county if row else "",
        grid=row.grid if row else "",
        version=version_of(row) if row else "",
    )


def _bare(url: str) -> str:
    head, sign, rest = url.partition("+http")
    return f"http{rest}" if sign and head in ("gateway", "snapshot", "stream") else url


def _answer(looked: Looked, *, taken: bool, not_started: list[NotStarted]) -> TableAnswer:
    diff = looked.diff
    return TableAnswer(
        added=len(diff.added),
        changed=len(diff.changed),
        unchanged=diff.unchanged,
        added_ids=[row.id for row in diff.added[:_SHOWN]],
        changed_ids=[change.after.id for change in diff.changed[:_SHOWN]],
        faults=[
            LineFault(line=fault.line, column=fault.column, **fault.error.told())
            for fault in looked.faults[:_SHOWN]
        ],
        fault_count=len(looked.faults),
        taken=taken,
        not_started=not_started[:_SHOWN],
    )
