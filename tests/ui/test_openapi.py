"""Schemathesis over the description of the API; XUNJIE_FUZZ: requests to each route, 3 if unset."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from api.auth import Role
from api.auth.sessions import COOKIE
from tests.auth.site import Site
from tests.ui.populate import populate

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis comes with the extra dev")
described = pytest.importorskip("schemathesis.specs.openapi.checks")

EXAMPLES = int(os.environ.get("XUNJIE_FUZZ", "3"))


def what_is_there(site: Site) -> dict[str, list[str]]:
    """Ids of records, by the names of the parameters that take them. Nobody's whom the test itself
    is."""
    site.token(Role.OPERATOR, "li")
    queries = site.service.records.queries
    incidents = queries.incidents(limit=50).items
    evidence = [row for each in incidents for row in queries.evidence(each.id)]
    return {
        "incident_id": [str(each.id) for each in incidents],
        "evidence_id": [str(row.id) for row in evidence],
        "case_id": [str(each.id) for each in queries.cases(limit=50).items],
        "delivery_id": [str(each.id) for each in queries.deliveries(limit=50).items],
        "source_id": [camera.id for camera in site.service.config.cameras],
        "camera_id": [camera.id for camera in site.service.config.cameras],
        "destination": ["city"],
        "name": ["li"],
    }


def name_what_is_there(description: dict[str, Any], there: dict[str, list[str]]) -> None:
    """Else every request for one record would be answered by a 404. An unknown one is asked for by
    `test_rest`."""
    for methods in description["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                known = there.get(parameter["name"])
                if known and parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "enum": known}


def ask(operation: Any, mode: str, send: Callable[[Any], None]) -> int:
    """Makes up EXAMPLES requests to one route; returns how many there were."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis.generation import GenerationMode

    count = 0

    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case) -> None:
        nonlocal count
        count += 1
        send(case)

    # What takes nothing, or any text, cannot be asked wrongly.
    with suppress(*([Unsatisfiable] if mode == "negative" else [])):
        one()
    return count


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A city with a past, on either database: they do not take the same texts and numbers."""
    changes = {}
    if request.param == "PostgreSQL":
        request.getfixturevalue("postgres_database")
        changes["database"] = {"url": request.getfixturevalue("postgres_url")}
    opened = Site(tmp_path, **changes)
    try:
        opened.city.push(8, stall=True)
        database = opened.service.records.database
        populate(database, pending=3, cases_count=3, days=20, destination="city")
        yield opened
    finally:
        opened.close()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_request_breaks_the_service_or_its_description(site: Site, mode: str):
    """Positive: requests as they are described. Negative: something in each is not."""
    token, csrf = site.token(Role.ADMINISTRATOR)
    raw = site.signed_in(Role.ADMINISTRATOR).get("/openapi.json").json()
    name_what_is_there(raw, what_is_there(site))
    checks = [
        schemathesis.checks.not_a_server_error,
        described.response_schema_conformance,
        described.status_code_conformance,
        described.content_type_conformance,
    ]

    def send(case) -> None:
        case.call_and_validate(
            base_url=site.url,
            headers={"X-CSRF-Token": csrf},
            cookies={COOKIE: token},
            checks=checks,
        )

    asked: Counter[str] = Counter()
    for result in schemathesis.openapi.from_dict(raw).get_all_operations():
        operation = result.ok()
        if (operation.method, operation.path) != ("delete", "/api/session"):  # signs the test out
            asked[operation.label] = ask(operation, mode, send)
    print(f"{asked.total()} {mode} requests to {len(+asked)} routes")  # seen with pytest -rP
    assert len(+asked) > (70 if mode == "positive" else 50)
