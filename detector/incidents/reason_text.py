"""A rule's sentence in Chinese. Rules write English; an unknown phrase stays as it is."""

from __future__ import annotations

import re
from typing import Final

CLASSES: Final = {
    "stall": "摊位",
    "cart": "推车",
    "ground goods": "地摊货物",
    "parasol": "遮阳伞",
    "cover ok": "井盖完好",
    "cover damaged": "井盖破损",
    "cover missing": "井盖缺失",
    "rooftop shed": "屋顶棚屋",
    "rooftop canopy": "屋顶雨棚",
}
_ZONES: Final = {"road": "道路", "pavement": "人行道", "permitted": "疏导点", "shop_front": "店前"}
_THING: Final = "|".join(CLASSES)

_PHRASES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"manhole cover missing or open", "井盖缺失或敞开"),
        (r"manhole cover damaged", "井盖破损"),
        (r"(?:seen|present) in (\d+) of (\d+) looks over ", r"\2 次查看中 \1 次看到，跨 "),
        (r"seen in (\d+) of (\d+) looks", r"\2 次查看中 \1 次看到"),
        (r" ?\(blind ([\d.]+ (?:min|h|s)(?: \d+ s)?)\)", r"（其中无画面 \1）"),
        (r", blind ([\d.]+ (?:min|h|s))", r"，无画面 \1"),
        (r", hidden in (\d+) more", r"，另有 \1 次被遮挡"),
        (r", more stalls than permitted", "，超过许可摊位数"),
        (r", outside the permitted hours ", "，不在许可时段 "),
        (r", (\d+) passes", r"，经过 \1 次"),
        (r"(?<![\d ]) for ([\d.]+ (?:min|s))", r" 停留 \1"),
        (r"(\d+) min", r"\1 分"),
        (r"(\d) s\b", r"\1 秒"),
        (r"(\d) h\b", r"\1 小时"),
        (r", ", "，"),
    )
)
_FLIGHT: Final = re.compile(
    r"(?P<what>[\w ]+?)(?: \([^)]*\))? of (?P<area>\d+ ± \d+) m²: "
    r"in (?P<seen>\d+) of (?P<shown>\d+) pictures of (?P<day>[\d-]+) "
    r"against (?P<before>[\d-]+); ledger: (?P<ledger>\w+)"
    r"(?:; laid onto it within (?P<error>[\d.]+) m; building (?P<building>.+))?"
)
_FOUND: Final = {
    "suspected new rooftop addition": "疑似新增屋顶加建",
    "suspected extension of a known structure": "疑似扩建",
    "rebuilt or altered where the ledger knows a structure": "台账所载构筑物有重建或改动",
    "suspected removal": "疑似拆除",
}
_LEDGER: Final = {"none": "不在台账", "existing": "存量", "approved": "已审批", "unknown": "待认定"}
_WHOLE: Final = {
    "stands as before": "与前期相同",
    "this flight does not show the place; nothing is said": "本次航飞未拍到该处，不作结论",
}
_IN_ZONE: Final = re.compile(rf"^({_THING}) in (\w+) zone '([^']*)'")
_ALONE: Final = re.compile(rf"^({_THING})(?= for|，|,)")


def reason_zh(reason: str) -> str:
    """Such as "人行道“北侧”内推车 停留 5 分 0 秒，72 次查看中 72 次看到"."""
    found = _FLIGHT.fullmatch(reason)
    if found is not None or reason in _WHOLE:
        return _from_air(found) if found else _WHOLE[reason]
    text = _IN_ZONE.sub(_placed, reason)
    text = _ALONE.sub(lambda match: CLASSES[match[1]], text)
    for pattern, replacement in _PHRASES:
        text = pattern.sub(replacement, text)
    return text


def _from_air(found: re.Match[str]) -> str:
    what, ledger = _FOUND.get(found["what"], found["what"]), found["ledger"]
    text = (
        f"{what} {found['area']} 平方米：{found['day']} 的 {found['shown']} 张照片中 "
        f"{found['seen']} 张看到，对比 {found['before']}；台账：{_LEDGER.get(ledger, ledger)}"
    )
    if found["building"] is None:
        return text
    building = "未知" if found["building"] == "not known" else found["building"]
    return f"{text}；配准误差不超过 {found['error']} 米；建筑物：{building}"


def _placed(match: re.Match[str]) -> str:
    return f"{_ZONES.get(match[2], match[2])}“{match[3]}”内{CLASSES[match[1]]}"
