"""What a release says of its smaller numbers, in its manifest and in its card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from training.evaluate import Figure
from training.manifest import HalfNumbers, SmallWeights, Timing

_BEGINS: Final = "Smaller numbers"
_BEFORE: Final = "## Thresholds"


def record_small(
    folder: Path,
    full: Timing,
    half: HalfNumbers | None,
    small: SmallWeights | None,
    figures: Sequence[Figure],
) -> None:
    """Extends the manifest, and puts one paragraph into the card in the place of an earlier one.
    `figures` are those of float32 in the same measurement."""
    path = folder / "manifest.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["timing"] = asdict(full)
    record["bf16"] = asdict(half) if half else None
    record["int8"] = asdict(small) if small else None
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    card = folder / "card.md"
    if card.is_file():
        text = card.read_text(encoding="utf-8")
        card.write_text(_with_note(text, card_note(full, half, small, figures)), encoding="utf-8")


def card_note(
    full: Timing,
    half: HalfNumbers | None,
    small: SmallWeights | None,
    figures: Sequence[Figure],
) -> str:
    """AP50 in every kind of number, class by class, and what a pass costs."""
    kinds = [("bf16", half), ("INT8", small)]
    there = [(name, kind) for name, kind in kinds if kind is not None]
    names = ", ".join(name for name, _ in there) or "none"
    costs = ", ".join(
        f"{1000 * kind.timing.look_core_s:.0f} in {name}"
        for name, kind in there
        if kind.timing is not None
    )
    rows = [
        " ".join([f"{one.name} {one.ap50:.3f}", *(f"{_ap50(kind, one):.3f}" for _, kind in there)])
        for one in figures
        if one.origin == "all"
    ]
    absent = [name for name, kind in kinds if kind is None]
    missing = f" Not released, or not measurable there: {', '.join(absent)}." if absent else ""
    if half is not None and half.timing is None:
        missing += " That CPU does not compute in bf16: every number was rounded to it instead."
    return (
        f"{_BEGINS} ({names}), `xunjie export MODEL --int8 DATASET`: a pass takes"
        f" {1000 * full.look_core_s:.0f} core-ms in float32{', ' if costs else ''}{costs}"
        f" ({full.cpu}, one thread).{missing} AP50 of the released weights on the validation"
        f" pictures in float32{''.join(f', {name}' for name, _ in there)}: {'; '.join(rows)}."
    )


def _ap50(kind: HalfNumbers | SmallWeights, figure: Figure) -> float:
    wanted = (figure.name, figure.origin)
    return next((one.ap50 for one in kind.figures if (one.name, one.origin) == wanted), 0.0)


def _with_note(text: str, note: str) -> str:
    parts = text.split("\n\n")
    kept = [part for part in parts if not part.startswith(_BEGINS)]
    at = next((i for i, part in enumerate(kept) if part.startswith(_BEFORE)), len(kept))
    return "\n\n".join([*kept[:at], note, *kept[at:]])
