"""Pictures that others hand over: patrol cars, a citizens' app."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import AwareDatetime, BaseModel

from api.deps import ServiceDep
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


@router.post("", status_code=202)
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
) -> FrameReceipt:
    """Hands a picture over. Time and position are taken from its EXIF data where not given."""
    camera = service.engine.camera(source)
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
