"""Schemathesis over the description of the API; XUNJIE_FUZZ: requests to each route, 3 if unset."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.auth import Role
from api.auth.sessions import COOKIE
from tests.auth.site import Site

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis comes with the extra dev")

EXAMPLES = int(os.environ.get("XUNJIE_FUZZ", "3"))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_no_request_breaks_the_service_or_its_description(tmp_path: Path):
    from hypothesis import HealthCheck, Phase, given, settings

    site = Site(tmp_path)
    try:
        site.city.push(8, stall=True)
        token, csrf = site.token(Role.ADMINISTRATOR)
        raw = site.signed_in(Role.ADMINISTRATOR).get("/openapi.json").json()
        schema = schemathesis.openapi.from_dict(raw)
        checks = [
            schemathesis.checks.not_a_server_error,
            schemathesis.specs.openapi.checks.response_schema_conformance,
        ]
        asked = 0
        for result in schema.get_all_operations():
            operation = result.ok()
            if (operation.method, operation.path) == ("delete", "/api/session"):
                continue  # it would sign the test out

            @given(case=operation.as_strategy())
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def ask(case):
                nonlocal asked
                asked += 1
                case.call_and_validate(
                    base_url=site.url,
                    headers={"X-CSRF-Token": csrf},
                    cookies={COOKIE: token},
                    checks=checks,
                )

            ask()
        assert asked > 80
    finally:
        site.close()
