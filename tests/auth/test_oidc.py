"""Signing in with the city's accounts, against a provider on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.auth.role import Role
from tests.auth.site import Site

pytest.importorskip("jwt", reason="PyJWT comes with the extra oidc")
from api.auth.oidc import Oidc, OidcConfig, role_of
from detector.types import ConfigError
from tests.auth.fake_provider import CLIENT, FakeProvider

ROLES = {"review": "operator", "lead": "supervisor", "it": "administrator"}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    made = FakeProvider()
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path, provider: FakeProvider) -> Iterator[Site]:
    provider.claims = {"preferred_username": "li.na", "groups": ["review"]}
    provider.change, provider.signing, provider.kid = {}, provider.key, "key-1"
    settings = {"issuer": provider.issuer, "client_id": CLIENT, "roles": ROLES, "label": "City"}
    made = Site(tmp_path, access={"oidc": settings})
    yield made
    made.close()


def sign_in(site: Site) -> tuple[httpx.Client, str]:
    """A browser's way; where it ended."""
    client = site.anonymous()
    there = client.get("/oidc/start").headers["location"]
    back = httpx.get(there, trust_env=False).headers["location"]
    return client, client.get(back).headers["location"]


def test_somebody_is_signed_in_with_the_providers_role_of_today(site: Site, provider):
    client, ended = sign_in(site)
    assert ended == "/"
    state = client.get("/api/session").json()
    assert (state["name"], state["role"], state["must_change"]) == ("li.na", "operator", False)
    assert client.get("/api/review/waiting").status_code == 200
    provider.claims["groups"] = ["review", "other", "lead"]
    assert sign_in(site)[0].get("/api/session").json()["role"] == "supervisor"
    assert [user.role for user in site.access.users.all()] == [Role.SUPERVISOR]
    rows = site.access.audit.entries(action="signed_in")
    assert all('"by": "oidc"' in row.detail for row in rows)
    assert len(rows) == 2


def test_no_password_opens_such_an_account(site: Site):
    sign_in(site)
    for password in ("oidc", " "):
        answer = site.anonymous().post("/api/session", json={"name": "li.na", "password": password})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"nonce": "of another sign-in"},
        {"azp": "another"},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_not_accepted(site: Site, provider, change):
    provider.change = change
    client, ended = sign_in(site)
    assert ended == "/pages/login?fault=failed"
    assert client.get("/api/session").status_code == 401
    assert len(site.access.audit.entries(action="sign_in_failed")) == 1


def test_a_token_signed_by_somebody_else_is_not_accepted(site: Site, provider):
    from cryptography.hazmat.primitives.asymmetric import rsa

    provider.signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert sign_in(site)[1] == "/pages/login?fault=failed"


def test_the_providers_new_key_is_asked_for(site: Site, provider):
    assert sign_in(site)[1] == "/"
    provider.kid = "key-2"
    assert sign_in(site)[1] == "/"


def test_who_has_no_role_is_turned_away(site: Site, provider):
    provider.claims["groups"] = ["gardeners"]
    assert sign_in(site)[1] == "/pages/login?fault=no_role"
    assert site.access.users.all() == ()


def test_an_account_of_this_service_is_not_taken_over(site: Site, provider):
    from api.auth.audit import service_itself

    site.access.first_administrator()
    site.access.add_user(service_itself(), "li.na", Role.VIEWER)
    assert sign_in(site)[1] == "/pages/login?fault=refused"


def test_who_was_disabled_here_stays_out(site: Site, provider):
    sign_in(site)
    site.access.first_administrator()
    admin = site.signed_in(Role.ADMINISTRATOR)
    assert admin.patch("/api/users/li.na", json={"disabled": True}).status_code == 200
    assert sign_in(site)[1] == "/pages/login?fault=refused"


def test_a_sign_in_is_finished_once_and_in_the_browser_that_began_it(site: Site, provider):
    client = site.anonymous()
    there = client.get("/oidc/start").headers["location"]
    back = httpx.get(there, trust_env=False).headers["location"]
    assert site.anonymous().get(back).headers["location"] == "/pages/login?fault=expired"
    assert client.get(back).headers["location"] == "/"
    client.cookies.set("xunjie_oidc", back.partition("state=")[2], path="/oidc")
    assert client.get(back).headers["location"] == "/pages/login?fault=expired"


def test_without_a_provider_there_is_no_way_to_it(tmp_path: Path):
    site = Site(tmp_path)
    try:
        client = site.anonymous()
        assert client.get("/api/session/ways").json() == {"oidc": None}
        assert client.get("/oidc/start").status_code == 404
    finally:
        site.close()


def test_a_provider_that_is_away_is_said_to_be(site: Site, provider, monkeypatch):
    monkeypatch.setattr(provider, "document", lambda: {"issuer": "https://elsewhere.example"})
    assert site.anonymous().get("/oidc/start").headers["location"].endswith("fault=failed")
    gone = OidcConfig(issuer="http://127.0.0.1:9", client_id="x")
    with pytest.raises(Exception, match="did not answer"):
        Oidc(gone).begin("http://localhost/oidc/callback")


def test_the_clients_secret_comes_from_the_environment(site: Site, provider, monkeypatch):
    config = OidcConfig(
        issuer=provider.issuer, client_id=CLIENT, client_secret_env="OIDC_SECRET", roles=ROLES
    )
    with pytest.raises(ConfigError, match="OIDC_SECRET"):
        Oidc(config)
    monkeypatch.setenv("OIDC_SECRET", "s3cret")
    oidc = Oidc(config)
    there, state = oidc.begin("http://localhost/oidc/callback")
    code = httpx.get(there, trust_env=False).headers["location"].split("code=")[1].split("&")[0]
    assert oidc.finish(state, code).role is Role.OPERATOR
    assert provider.secret_seen == "s3cret"


def test_roles_are_found_in_objects_and_the_strongest_counts():
    config = OidcConfig(
        issuer="https://id.city.example", client_id="x", role_claim="realm.roles", roles=ROLES
    )
    assert role_of({"realm": {"roles": ["review", "it"]}}, config) is Role.ADMINISTRATOR
    assert role_of({"realm": "review"}, config) is None
    assert role_of({"realm": {"roles": "review"}}, config) is Role.OPERATOR


def test_a_provider_without_tls_is_refused():
    with pytest.raises(ValueError, match="https"):
        OidcConfig(issuer="http://id.city.example", client_id="x")
