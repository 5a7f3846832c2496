"""Cuts a subtitle file into numbered blocks, tolerating what the firmwares do to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPAN = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{1,3})")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class SrtBlock:
    """One subtitle: `line` is the number of its first line, `starts_s` its time in the video."""

    line: int
    number: int
    starts_s: float | None
    text: str


def srt_blocks(text: str) -> list[SrtBlock]:
    """The blocks in order. A block begins at a line that holds only a number."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    heads = [i for i, line in enumerate(lines) if line.isdigit() and _begins(lines, i)]
    ends = [*heads[1:], len(lines)]
    return [_block(lines, head, end) for head, end in zip(heads, ends, strict=False)]


def _begins(lines: list[str], at: int) -> bool:
    """A number on its own, at the file's head or behind an empty line or a cut block."""
    return at == 0 or not lines[at - 1] or (at + 1 < len(lines) and "-->" in lines[at + 1])


def _block(lines: list[str], head: int, end: int) -> SrtBlock:
    body = lines[head + 1 : end]
    span = _SPAN.search(body[0]) if body else None
    if span:
        body = body[1:]
    starts_s = None
    if span:
        hours, minutes, seconds, fraction = span.groups()[:4]
        starts_s = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        starts_s += int(fraction) / 10 ** len(fraction)
    words = _TAG.sub(" ", " ".join(line for line in body if line))
    return SrtBlock(line=head + 1, number=int(lines[head]), starts_s=starts_s, text=words.strip())
