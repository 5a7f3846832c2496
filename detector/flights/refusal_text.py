"""Why a picture of a flight was not judged, in Chinese; an unknown sentence stays as it is."""

from __future__ import annotations

import re
from typing import Final

_SENTENCES: Final = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"only (\d+) matching points, (\d+) are needed", r"只有 \1 个匹配点，至少需要 \2 个"),
        (r"only (\d+) of (\d+) matches agree", r"\2 个匹配点中只有 \1 个相互一致"),
        (
            r"the match is loose: ([\d.]+) m are left, ([\d.]+) m are allowed",
            r"匹配不够紧密：残差 \1 米，允许 \2 米",
        ),
        (
            r"the match contradicts the telemetry by ([\d.]+) sigmas",
            r"匹配结果与遥测相差 \1 倍标准差",
        ),
        (r"the matching points crowd in one corner", "匹配点集中在一角"),
        (r"the baseline does not show this ground", "前期没有拍到这片地面"),
        (r"shows no ground", "没有拍到地面"),
        (r"black picture \(lens cap\?\)", "黑屏（镜头盖？）"),
        (r"blank picture", "画面空白"),
        (r"blurred picture", "画面模糊"),
        (r"no position", "没有位置"),
        (r"no height above take-off", "没有相对起飞点的高度"),
    )
)


def refusal_zh(text: str) -> str:
    """Of a RegistrationRefused; several reasons are separated by semicolons."""
    return "；".join(_one(part) for part in text.split("; "))


def _one(text: str) -> str:
    for pattern, chinese in _SENTENCES:
        found = pattern.fullmatch(text)
        if found is not None:
            return found.expand(chinese)
    return text
