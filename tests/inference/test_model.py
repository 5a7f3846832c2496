"""Released models load, refuse damage, and both engines agree with ultralytics' own predictor."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.inference import BackendName, load_model
from detector.inference.letterbox import as_input, letterboxed
from detector.inference.manifest import InputSpec
from detector.inference.overlap import iou_matrix
from detector.sources.recording import Recording
from detector.types import ModelError
from tests.one_pass import in_one_pass

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted(path.parent for path in (ROOT / "models").glob("*/manifest.json"))
BACKENDS = [BackendName.ONNXRUNTIME, BackendName.OPENVINO]


def scene(height: int, width: int, seed: int) -> np.ndarray:
    """A picture with dark discs, boxes and noise: enough for weak detections everywhere."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(60, 200, (9, 16, 3), np.uint8), (width, height))
    for _ in range(12):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        size = int(rng.integers(15, 90))
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        if rng.random() < 0.5:
            cv2.ellipse(image, (x, y), (size, size // 2), 0, 0, 360, (15, 15, 15), -1)
        else:
            cv2.rectangle(image, (x, y), (x + size, y + size), colour, -1)
    return cv2.add(image, rng.integers(0, 12, image.shape, np.uint8))


def street(height: int, width: int) -> np.ndarray:
    """A frame of the rendered corner with a vendor and covers in it, at the asked size."""
    clip = ROOT / "datasets" / "scenes" / "clips" / "corner_day.mp4"
    frames = Recording(path=clip, source_id="corner", interval_s=160).frames()
    next(frames)
    return cv2.resize(next(frames).image, (width, height), interpolation=cv2.INTER_CUBIC)


def dropped_on_a_digit(ours, theirs, xyxy, cls: int, model) -> bool:
    """Whether a box is hidden behind one of ours that they dropped for a stronger box, which it
    overlaps by the very share at which boxes are dropped."""
    limit = model.manifest.nms.iou
    behind = ours.xyxy_px[ours.class_id == cls]
    behind = behind[iou_matrix(behind, xyxy.numpy()[None])[:, 0] > limit - 0.02]
    stronger = theirs.xyxy[theirs.cls == cls].numpy()
    return bool((np.abs(iou_matrix(behind, stronger) - limit) < 0.02).any())


def seen_by_ultralytics(checkpoint, image: np.ndarray, manifest):
    """Its own preprocessing, network and suppression, which its predictor does not let choose
    several classes for a box."""
    from ultralytics.engine.results import Boxes
    from ultralytics.utils.nms import non_max_suppression
    from ultralytics.utils.ops import scale_boxes

    nms, size = manifest.nms, (manifest.input.height_px, manifest.input.width_px)
    checkpoint.predict(image, imgsz=size, verbose=False, device="cpu")
    predictor = checkpoint.predictor
    blob = predictor.preprocess([image])
    (found,) = non_max_suppression(
        predictor.inference(blob),
        conf_thres=0.01,
        iou_thres=nms.iou,
        multi_label=nms.multi_label,
        max_det=nms.max_detections,
    )
    found[:, :4] = scale_boxes(blob.shape[2:], found[:, :4], image.shape)
    return Boxes(found, image.shape[:2])


@pytest.mark.parametrize("folder", MODELS, ids=lambda path: path.name)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [(360, 640), (500, 375), (1080, 1920)])
def test_agrees_with_ultralytics(
    folder: Path, backend: BackendName, size: tuple[int, int], tmp_path: Path
):
    pytest.importorskip("ultralytics")
    from training.checkpoint import load_checkpoint

    model = load_model(in_one_pass(folder, tmp_path / folder.name), backend=backend)
    image = street(*size)
    ours = model.detect([image], floor=0.01)[0]
    theirs = seen_by_ultralytics(load_checkpoint(folder), image, model.manifest)
    expected = {
        (int(c), round(float(s), 1)): None for c, s in zip(theirs.cls, theirs.conf, strict=True)
    }
    assert expected, "the picture shows nothing, so nothing would be compared"
    # Near the floor a last-digit difference decides who is listed: compare what is above it.
    for cls, score, xyxy in zip(theirs.cls, theirs.conf, theirs.xyxy, strict=True):
        if float(score) < 0.02:
            continue
        # Of two neighbours that say the same of a thing with the same score either may stay.
        alike = iou_matrix(ours.xyxy_px, xyxy.numpy()[None])[:, 0] >= 0.98
        near = [
            i
            for i in range(len(ours))
            if int(ours.class_id[i]) == int(cls)
            and (alike[i] or np.abs(ours.xyxy_px[i] - xyxy.numpy()).max() <= 1)
            and abs(float(ours.score[i]) - float(score)) <= 0.01
        ]
        if not near and dropped_on_a_digit(ours, theirs, xyxy, int(cls), model):
            continue
        assert near, f"ultralytics alone sees class {int(cls)} at {xyxy.tolist()} ({score:.3f})"
    assert abs(int((ours.score >= 0.02).sum()) - int((theirs.conf >= 0.02).sum())) <= 1


@pytest.mark.parametrize("folder", MODELS, ids=lambda path: path.name)
def test_pictures_of_several_sizes_in_one_call(folder: Path):
    model = load_model(folder, backend=BackendName.ONNXRUNTIME)
    images = [scene(360, 640, 1), scene(300, 300, 2), scene(360, 640, 3)]
    together = model.detect(images, floor=0.02)
    for image, found in zip(images, together, strict=True):
        alone = model.detect([image], floor=0.02)[0]
        assert len(alone) == len(found)
        np.testing.assert_allclose(alone.xyxy_px, found.xyxy_px, atol=0.1)


@pytest.mark.parametrize("folder", MODELS[:1], ids=lambda path: path.name)
def test_changed_weights_are_refused(folder: Path, tmp_path: Path):
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    weights = copy / "weights.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="sha256"):
        load_model(copy)


def test_a_folder_without_manifest_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"no manifest\.json"):
        load_model(tmp_path)


def test_a_bad_manifest_names_its_field(tmp_path: Path):
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 2, "name": "x"}))
    with pytest.raises(ModelError, match="format"):
        load_model(tmp_path)


def test_letterbox_maps_back():
    spec = InputSpec(width_px=640, height_px=640)
    canvas, box = letterboxed(np.zeros((1080, 1920, 3), np.uint8), spec)
    assert canvas.shape == (384, 640, 3)
    corners = np.array([[0, 12, 640, 372]], np.float32)
    np.testing.assert_allclose(box.to_original(corners), [[0, 0, 1920, 1080]], atol=0.01)


def test_the_input_is_red_first_and_one_at_white():
    chance = np.random.default_rng(3)
    images = [chance.integers(0, 256, (32, 64, 3), np.uint8) for _ in range(2)]
    batch = as_input(images)
    assert batch.shape == (2, 3, 32, 64)
    assert batch.dtype == np.float32
    for image, planes in zip(images, batch, strict=True):
        assert np.array_equal(planes[0], image[..., 2].astype(np.float32) / np.float32(255))
        assert np.array_equal(planes[2], image[..., 0].astype(np.float32) / np.float32(255))
