"""What is refused has a code, and each code a sentence in both languages."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from api.auth import Permission, Role
from api.auth.source_networks import NEVER
from api.problems import FRAMEWORK
from api.ui.gate_reason import REASONS, told_reason
from detector.incidents.chain import ChainFaultKind
from detector.types import ConfigError, XunjieError, field_errors
from detector.types.field_error import KINDS, OTHER
from tests.auth.site import Site
from tests.ui.test_texts import TEXTS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "api").rglob("*.py"), *(ROOT / "detector").rglob("*.py")])
COMPUTED = {
    "api/auth/source_networks.py": {code: {"address"} for code in NEVER},
    "api/routes/incidents.py": {f"chain_{kind}": {"seq"} for kind in ChainFaultKind},
}
"""Codes that are chosen while running, by the file that chooses them."""

OF_THE_PAGES = {"offline": set(), "no_answer": {"status"}}
WORDED = "OidcError"
"""Is answered by a redirection with a word of its own (login.fault)."""

MACHINES = {
    "api/routes/exchange.py": "another instance asks, with a key",
    "api/routes/frames.py": "patrol cars and apps ask, with a key",
}
"""Files under api/ whose refusals no page meets."""

ASKED = re.compile(r"api/(auth|routes|ui)/(?!commands)|api/forwarding\.py")
DESKS = ("verdicts", "cases", "case", "outbox", "incident_row", "evidence_ledger", "chain")
"""Modules of detector.incidents whose refusals pages meet."""


@cache
def trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES
    }


def errors() -> dict[str, type[XunjieError]]:
    """Every kind of expected error that the service's modules bring, by name."""
    import api.app  # noqa: F401  (loads them)

    found: dict[str, type[XunjieError]] = {}
    open_ = [XunjieError]
    while open_:
        kind = open_.pop()
        found[kind.__name__] = kind
        open_ += kind.__subclasses__()
    return found


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Every making of an expected error."""
    names = errors().keys()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def code_of(call: ast.Call) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == "code"), None)


def codes() -> dict[str, set[str]]:
    """Every code, and the values that come with it wherever it is used."""
    found: dict[str, list[set[str]]] = defaultdict(list)
    for code, values in (*_of_classes(), *_of_calls(), *_of_requests(), *_of_tables()):
        found[code].append(values)
    return {code: set.intersection(*each) for code, each in found.items()}


_Told = Iterator[tuple[str, set[str]]]


def _of_classes() -> _Told:
    yield from ((kind.code, set()) for kind in errors().values() if kind.code)


def _of_calls() -> _Told:
    """Where an error is made, or an answer without one."""
    for file, tree in trees().items():
        for call in [*calls(tree), *named(tree, "problem")]:
            code = code_of(call)
            values = {str(each.arg) for each in call.keywords if each.arg != "code"}
            if call.func.id == "LockedError":
                values.add("wait_s")
            if isinstance(code, ast.Constant):
                yield str(code.value), values | keys_of(call)
            elif isinstance(code, ast.Name):
                assert file in COMPUTED or call.func.id == "FieldError", f"{file}:{call.lineno}"


def _of_requests() -> _Told:
    """Of single fields: what pydantic finds, and what our own validators find."""
    bounds = {"too", "not"}
    for code in {*KINDS.values(), OTHER}:
        given = {"expected"} if code == "field_choice" else set()
        yield code, {"bound"} if code.split("_")[1] in bounds else given
    for tree in trees().values():
        for call in named(tree, "PydanticCustomError"):
            yield call.args[0].value, keys_of(call)


def _of_tables() -> _Told:
    yield from ((code, set()) for code in FRAMEWORK.values())
    yield from ((code, set(pattern.groupindex)) for code, pattern in REASONS.items())
    for more in (*COMPUTED.values(), OF_THE_PAGES):
        yield from more.items()


def named(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    """Calls of a function by its bare name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def keys_of(call: ast.Call) -> set[str]:
    """Of the dictionaries that are written into a call."""
    given = [*call.args, *(each.value for each in call.keywords)]
    return {key.value for each in given if isinstance(each, ast.Dict) for key in each.keys}


def placeholders(language: str, code: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", TEXTS[language].get(f"problem.{code}", "")))


def test_every_code_has_a_sentence_in_both_languages_and_every_sentence_a_code():
    known = {f"problem.{code}" for code in codes()}
    assert len(known) > 100
    for language, texts in TEXTS.items():
        written = {key for key in texts if key.startswith("problem.")}
        assert known - written == set(), language
        assert written - known == set(), language


def test_a_sentence_fills_in_only_what_comes_with_its_code():
    for code, values in codes().items():
        assert placeholders("zh", code) <= values | {"detail"}, code


def test_what_a_page_can_be_refused_has_a_code():
    """Else an English sentence stands on a Chinese page."""
    bare = []
    for file, tree in trees().items():
        desk = file in {f"detector/incidents/{name}.py" for name in DESKS}
        if file in MACHINES or not (ASKED.match(file) or desk):
            continue
        for call in calls(tree):
            kind = call.func.id
            if kind != WORDED and code_of(call) is None and not errors()[kind].code:
                bare.append(f"{file}:{call.lineno} {kind}")
    assert bare == []


def test_every_field_of_a_request_has_a_name_in_both_languages(tmp_path: Path):
    site = Site(tmp_path)
    try:
        description = site.signed_in(Role.VIEWER).get("/openapi.json").json()
    finally:
        site.close()
    names = set(_fields(description))
    assert len(names) > 50
    for language, texts in TEXTS.items():
        assert {f"field.{name}" for name in names} - texts.keys() == set(), language


def _fields(description: dict[str, Any]) -> Iterator[str]:
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for operation in methods.values():
            if path.startswith(("/api/exchange/", "/api/frames")):
                continue
            yield from (each["name"] for each in operation.get("parameters", ()))
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from _properties(content["schema"], schemas)


def _properties(schema: Any, schemas: dict[str, Any]) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _properties(each, schemas)
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield from _properties(schemas[schema["$ref"].rpartition("/")[2]], schemas)
        yield from schema.get("properties", {})
        for name, each in schema.items():
            if name != "properties":
                yield from _properties(each, schemas)
            else:
                yield from _properties(list(each.values()), schemas)


def test_permissions_have_names():
    assert {f"permission.{each}" for each in Permission} - TEXTS["zh"].keys() == set()


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("stall: AP50 0.500 against 0.600 on the frozen side, difference -0.150 to -0.050",
         "gate_side_worse"),
        ("stall+cart: false alarms a picture 0.500 against 0.100 on the newest side, "
         "difference +0.150 to +0.550", "gate_side_worse"),
        ("vendor: false incidents a camera-hour 1.2 against 0.4 (0.1 to 0.9)", "gate_clips_worse"),
        ("vendor: seconds to incident None against 40.0 (30.0 to 50.0)", "gate_clips_worse"),
        ("cover_missing: recall at the threshold 0.478 against 0.687 on the learned side, "
         "difference -0.291 to -0.119", "gate_side_worse"),
        ("cover_missing: 12 places that Li Na, key desk rejected came apart from 92 labels by "
         "0.58 only (0.43 to 0.73; 0.5: not at all), and 11 are still found. These verdicts "
         "contradict the other labels; have them looked at a second time, first: a, b",
         "gate_rejections"),
        ("no class has 5 labels in the frozen set: it cannot decide", "gate_few_labels"),
        ("runs/x is street with a, b; running is street with a", "gate_other_classes"),
        ("something else", ""),
    ],
)  # fmt: skip
def test_the_gates_reasons_are_told_by_code(reason: str, code: str):
    told = told_reason(reason)
    assert (told.detail, told.code) == (reason, code)
    if code:
        assert placeholders("zh", code) <= told.values.keys() | {"detail"}


def test_an_error_tells_its_cause_and_what_was_sent_is_not_repeated():
    error = ConfigError("a: b", code="setting", field="a", why=ConfigError("b", code="nowhere"))
    assert error.told()["values"]["why"] == {"detail": "b", "code": "nowhere", "values": {}}
    context = {"min_length": 12, "error": "secret"}
    fault = {"type": "string_too_short", "loc": ("body", "new"), "msg": "too short", "ctx": context}
    (told,) = field_errors([{**fault, "input": "secret"}])
    assert (told.field, told.code, told.values) == ("body.new", "field_too_short", {"bound": 12})
    assert "secret" not in str(told.told())
