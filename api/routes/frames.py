"""Pictures that others hand over: patrol cars, a citizens' app."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel

from api.deps import ServiceDep
from api.forwarding import ask, holder_address
from detector.incidents import NotFoundError
from detector.sources.push import PushSource
from detector.types import PictureError, Pose

router = APIRouter(
    prefix="/api/frames",
    tags=["frames"],
    responses={
        404: {"description": "No such push source"},
        422: {"description": "Unreadable or too large"},
        503: {"description": "The inbox is full; try again later"},
        507: {"description": "The disk is full"},
    },
)


class FrameReceipt(BaseModel):
    """The picture is on disk and will be examined; a duplicate was taken before."""

    origin_key: str
    duplicate: bool


@router.post("", status_code=202, response_model=FrameReceipt)
def post_frame(
    request: Request,
    service: ServiceDep,
    picture: Annotated[UploadFile, File(description="JPEG, PNG, WebP or BMP")],
    source: Annotated[str, Form(description="id of a configured push source")],
    captured_at: Annotated[AwareDatetime | None, Form()] = None,
    lat_deg: Annotated[float | None, Form(ge=-90, le=90)] = None,
    lon_deg: Annotated[float | None, Form(ge=-180, le=180)] = None,
    error_radius_m: Annotated[float, Form(ge=0, le=10000)] = 10,
    crs: Annotated[str, Form(max_length=32)] = "EPSG:4326",
) -> FrameReceipt | Response:
    """Hands a picture over. Time and position are taken from its EXIF data where not given."""
    camera = service.engine.camera(source)
    other = holder_address(service, source, request) if camera is None else None
    if other is not None:
        given = {"captured_at": captured_at and captured_at.isoformat(), "lat_deg": lat_deg}
        given |= {"lon_deg": lon_deg, "error_radius_m": error_radius_m, "crs": crs}
        fields = {name: str(value) for name, value in given.items() if value is not None}
        files = {"picture": (picture.filename or "picture", _bytes(picture, service))}
        return ask(other, request, data={"source": source, **fields}, files=files)
    if camera is None or not isinstance(camera.source, PushSource):
        raise NotFoundError(f"no push source has the id {source}")
    if (lat_deg is None) != (lon_deg is None):
        raise PictureError("lat_deg and lon_deg belong together")
    pose = None
    if lat_deg is not None and lon_deg is not None:
        pose = Pose(lat_deg=lat_deg, lon_deg=lon_deg, crs=crs, error_radius_m=error_radius_m)
    sender = request.client.host if request.client else "unknown"
    receipt = camera.source.submit(_bytes(picture, service), captured_at, pose, sender)
    return FrameReceipt(origin_key=receipt.origin_key, duplicate=receipt.duplicate)


def _bytes(picture: UploadFile, service: ServiceDep) -> bytes:
    """Never more in memory than is allowed."""
    limit = service.config.http.max_upload_bytes
    data = picture.file.read(limit + 1)
    if len(data) > limit:
        raise PictureError(f"{picture.filename}: more than {limit} bytes")
    return data
