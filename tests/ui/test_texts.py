"""Every text in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from api.auth.identity import Via
from api.auth.role import Role
from api.ui.page_routes import STATIC
from detector.evidence import EvidenceKind
from detector.incidents import CaseState, DeliveryState, LetterKind, OutcomeKind
from detector.incidents.journal import IncidentEventKind
from detector.incidents.reason_text import reason_zh
from detector.rules.base import coverage_text as rule_coverage
from detector.types import (
    BlindReason,
    Coverage,
    IncidentStatus,
    SourceState,
    VerdictAnswer,
    ZoneKind,
)
from detector.types.taxonomy import COVER_CLASSES, VENDOR_CLASSES

TEXTS = {
    name: json.loads((STATIC / "texts" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("zh", "en")
}
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
_KEY = re.compile(r"""\bt\(\s*["']([\w.]+)["']""")
_STEM = re.compile(r"""\bt\(\s*`([\w.]+\.)\$\{""")


def used(pattern: re.Pattern[str]) -> set[str]:
    return {m for path in SCRIPTS for m in pattern.findall(path.read_text(encoding="utf-8"))}


def test_both_languages_have_the_same_keys_and_no_empty_text():
    assert TEXTS["zh"].keys() == TEXTS["en"].keys()
    assert all(text.strip() for texts in TEXTS.values() for text in texts.values())


def test_every_key_that_a_script_asks_for_is_there():
    assert len(used(_KEY)) > 80
    assert used(_KEY) - TEXTS["en"].keys() == set()


def test_every_family_of_keys_is_there():
    for stem in used(_STEM):
        assert any(key.startswith(stem) for key in TEXTS["en"]), stem


@pytest.mark.parametrize(
    ("stem", "names"),
    [
        ("role.", Role),
        ("zone.", ZoneKind),
        ("kind.", EvidenceKind),
        ("word.", CaseState),
        ("word.", DeliveryState),
        ("word.", LetterKind),
        ("word.", IncidentEventKind),
        ("word.", IncidentStatus),
        ("word.", VerdictAnswer),
        ("word.", SourceState),
        ("word.", BlindReason),
        ("word.", OutcomeKind),
        ("word.", (*VENDOR_CLASSES, *COVER_CLASSES)),
    ],
)
def test_every_word_of_the_records_is_translated(stem: str, names):
    assert {f"{stem}{name}" for name in names} - TEXTS["zh"].keys() == set()


def test_every_action_of_the_audit_log_is_translated():
    call = re.compile(r'audit\.(?:add|write)\((?:\s*\w+(?:\(\))?,)+\s*"([\w ]+)"')
    api = STATIC.parents[1]
    found = {m for path in api.rglob("*.py") for m in call.findall(path.read_text("utf-8"))}
    found |= {"camera_added", "camera_changed"}  # chosen between, in one call
    assert len(found) > 20
    keys = {f"audit.does.{name.replace(' ', '_')}" for name in found}
    keys |= {f"audit.by.{via}" for via in Via}
    assert keys - TEXTS["zh"].keys() == set()


def test_both_languages_fill_in_the_same_values():
    for key, text in TEXTS["en"].items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", TEXTS["zh"][key])), (
            key
        )


def test_no_script_or_page_names_another_origin():
    for path in STATIC.rglob("*.*"):
        if path.suffix in (".js", ".html", ".css"):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
            assert "http://" not in text, path
            assert "https://" not in text, path


def test_rules_sentences_are_told_in_chinese():
    coverage = Coverage(looks_present=20, looks_total=22, looks_occluded=0, span_s=400, blind_s=61)
    seen = rule_coverage(coverage)
    for reason in (
        f"cart in pavement zone '北' for 6 min, {seen}, outside the permitted hours 16:00–22:00",
        f"ground goods for 45 s, {seen}",
        f"stall in permitted zone '7' for 5 min 0 s, {seen}, more stalls than permitted",
        f"manhole cover missing or open, {seen}, 2 passes",
        f"manhole cover damaged, {seen}",
        "suspected new rooftop addition (疑似新增) of 22 ± 4 m²: in 3 of 4 pictures of 2026-06-02 "
        "against 2026-05-01; ledger: none",
        "rebuilt or altered where the ledger knows a structure of 9 ± 2 m²: in 1 of 4 pictures of "
        "2026-06-02 against 2026-05-01; ledger: approved; laid onto it within 0.12 m; building not "
        "known",
        "stands as before",
        "this flight does not show the place; nothing is said",
    ):
        assert re.findall("[A-Za-z]+", reason_zh(reason)) == [], reason_zh(reason)


def test_package_data_names_the_files_of_the_pages():
    project = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"ui/static/**/*"' in project
