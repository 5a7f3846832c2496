"""The hashes of a set's pictures: recorded once, checked wherever the pictures lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.picture_set import PictureSet, pictures_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a set differs from its record."""

    missing: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.added or self.changed)


def hashes_of(source: PictureSet, root: Path) -> dict[str, str]:
    """File name -> sha256 of every picture of a set."""
    return {
        picture.path.name: hashlib.sha256(picture.path.read_bytes()).hexdigest()
        for picture in pictures_of(source, root)
    }


def record(source: PictureSet, root: Path, manifest: Path) -> int:
    """Write a set's manifest; returns how many pictures it lists."""
    found = hashes_of(source, root)
    text = {"name": source.name, "licence": source.licence, "pictures": found}
    manifest.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    return len(found)


def difference(source: PictureSet, root: Path, manifest: Path) -> Difference:
    """Compare the pictures with the manifest."""
    known: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["pictures"]
    found = hashes_of(source, root)
    return Difference(
        missing=tuple(sorted(set(known) - set(found))),
        added=tuple(sorted(set(found) - set(known))),
        changed=tuple(sorted(n for n in set(known) & set(found) if known[n] != found[n])),
    )


def source_named(name: str, sets: Sequence[PictureSet]) -> PictureSet:
    """The set of this name."""
    for source in sets:
        if source.name == name:
            return source
    known = dict.fromkeys(source.name for source in sets)  # a set can serve several models
    raise ValueError(f"no set {name!r}; known: {', '.join(known)}")
