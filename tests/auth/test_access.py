"""Signing in, sessions, keys, lock-out, and what leaves an audit row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from api.auth import Access, AccessConfig, Permission, Role
from api.auth.audit import command_line
from api.auth.errors import InvalidAccountError, LockedError, WrongPasswordError
from api.auth.sessions import COOKIE
from api.auth.throttle import Throttle
from detector.incidents import Database, DatabaseConfig
from detector.incidents.access_schema import api_keys, sessions
from tests.auth.site import Site

NEW = "a long new one 77"


@pytest.fixture
def access(tmp_path: Path):
    database = Database(DatabaseConfig(url=f"sqlite:///{tmp_path / 'a.db'}"))
    database.migrate()
    yield Access(database, AccessConfig(lock_after_failures=3))
    database.close()


def test_the_first_start_makes_one_administrator_with_a_one_time_password(access: Access):
    password = access.first_administrator()
    assert password is not None
    assert len(password) >= 20
    assert access.first_administrator() is None
    session = access.sign_in("Admin", password, "10.0.0.1")
    who = access.sessions.find(session.token, "10.0.0.1")
    assert who.role is Role.ADMINISTRATOR
    assert who.must_change
    with pytest.raises(InvalidAccountError):
        access.change_password(who, password, "short")
    with pytest.raises(WrongPasswordError):
        access.change_password(who, "not it", NEW)
    access.change_password(who, password, NEW)
    assert not access.sessions.find(session.token, "10.0.0.1").must_change
    with pytest.raises(WrongPasswordError):
        access.sign_in("admin", password, "10.0.0.1")


def test_no_password_and_no_token_stands_in_the_database(access: Access, tmp_path: Path):
    password = access.first_administrator()
    session = access.sign_in("admin", password, "")
    _, secret = access.add_key(command_line(), "m", [Permission.VIEW], None)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for told in (password, session.token, secret):
        assert told.encode() not in kept
    assert b"$argon2id$" in kept


def test_failures_in_a_row_lock_the_account_and_a_reset_opens_it(access: Access):
    password = access.first_administrator()
    for _ in range(3):
        with pytest.raises(WrongPasswordError):
            access.sign_in("admin", "wrong", "10.0.0.1")
    with pytest.raises(LockedError) as locked:
        access.sign_in("admin", password, "10.0.0.1")
    assert 0 < locked.value.retry_after_s <= access.config.lock_for_s
    _, again = access.reset_password(command_line(), "admin")
    assert access.sign_in("admin", again, "10.0.0.1")


def test_an_address_that_tries_many_names_has_to_wait():
    now = [0.0]
    throttle = Throttle(3, 60, clock=lambda: now[0])
    for _ in range(3):
        throttle.check("a")
        throttle.failed("a")
    with pytest.raises(LockedError):
        throttle.check("a")
    throttle.check("b")
    now[0] = 61
    throttle.check("a")


def test_the_last_administrator_can_neither_be_lowered_nor_disabled(access: Access):
    access.first_administrator()
    with pytest.raises(InvalidAccountError):
        access.change_user(command_line(), "admin", role=Role.VIEWER)
    with pytest.raises(InvalidAccountError):
        access.change_user(command_line(), "admin", disabled=True)
    access.add_user(command_line(), "second", Role.ADMINISTRATOR)
    assert access.change_user(command_line(), "admin", disabled=True).disabled


def test_sessions_end_when_idle_at_their_longest_and_when_the_user_is_disabled(access: Access):
    user, password = access.add_user(command_line(), "li", Role.OPERATOR)
    access.first_administrator()
    access.add_user(command_line(), "root", Role.ADMINISTRATOR)
    past = datetime.now(UTC) - timedelta(days=2)
    for column in ("used_at", "expires_at"):
        session = access.sign_in("li", password, "")
        assert access.sessions.find(session.token, "")
        with access._database.transaction() as transaction:
            transaction.execute(update(sessions).values(**{column: past}))
        assert access.sessions.find(session.token, "") is None
    session = access.sign_in("li", password, "")
    access.change_user(command_line(), "li", disabled=True)
    assert access.sessions.find(session.token, "") is None
    with pytest.raises(WrongPasswordError):
        access.sign_in("li", password, "")
    assert user.role is Role.OPERATOR


def test_keys_carry_scopes_run_out_and_are_revoked(access: Access):
    key, secret = access.add_key(command_line(), "gateway", [Permission.FRAMES], None)
    who = access.keys.find(secret, "")
    assert who.permissions == {Permission.FRAMES}
    assert who.acting_as("car 7") == "car 7 (key gateway)"
    with pytest.raises(InvalidAccountError):
        access.add_key(command_line(), "x", [Permission.SEALED], None)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with access._database.transaction() as transaction:
        transaction.execute(update(api_keys).values(expires_at=past))
    assert access.keys.find(secret, "") is None
    _, other = access.add_key(command_line(), "other", [Permission.VIEW], None)
    assert access.keys.find(other, "")
    access.revoke_key(command_line(), next(k.id for k in access.keys.all() if k.name == "other"))
    assert access.keys.find(other, "") is None
    assert key.name == "gateway"


def test_the_audit_log_refuses_changes_and_shows_them_where_they_are_forced(access: Access):
    for number in range(5):
        access.audit.add(command_line(), "tested", str(number))
    report = access.audit.verify()
    assert report.intact
    assert report.entries == 5
    noted = access.audit.entries(limit=5)[2].entry_hash
    assert access.audit.verify(noted).intact
    for statement in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log WHERE seq = 5"):
        with pytest.raises(DBAPIError), access._database.transaction() as transaction:
            transaction.execute(text(statement))
    with access._database.transaction() as transaction:
        transaction.execute(text("DROP TRIGGER audit_log_no_update"))
        transaction.execute(text("DROP TRIGGER audit_log_no_delete"))
    for statement, word in (
        ("UPDATE audit_log SET subject = 'x' WHERE seq = 2", "entry 2"),
        ("DELETE FROM audit_log WHERE seq = 5", "5 entries were written, 4"),
        ("DELETE FROM audit_log WHERE seq = 3", "entry 3 is not there"),
    ):
        with access._database.transaction() as transaction:
            transaction.execute(text(statement))
        assert any(word in str(fault) for fault in access.audit.verify().faults)
    assert any("noted head" in str(fault) for fault in access.audit.verify(noted).faults)


def test_the_door_over_http(site: Site):
    password = site.access.first_administrator()
    client = site.anonymous()
    assert client.get("/api/incidents").status_code == 401
    wrong = client.post("/api/session", json={"name": "admin", "password": "x"})
    assert wrong.status_code == 401
    foreign = client.post(
        "/api/session",
        json={"name": "admin", "password": password},
        headers={"Origin": "https://evil.example"},
    )
    assert foreign.status_code == 403
    entered = client.post("/api/session", json={"name": "admin", "password": password})
    assert entered.status_code == 204
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/api/incidents").status_code == 403  # the one-time password stands
    state = client.get("/api/session").json()
    assert state["must_change"]
    body = {"old": password, "new": NEW}
    assert client.post("/api/session/password", json=body).status_code == 403  # no token
    client.headers["X-CSRF-Token"] = state["csrf"]
    assert client.post("/api/session/password", json=body).status_code == 204
    assert client.get("/api/incidents").status_code == 200
    assert client.delete("/api/session").status_code == 204
    client.cookies.set(COOKIE, entered.cookies[COOKIE])
    assert client.get("/api/incidents").status_code == 401
    actions = [entry.action for entry in site.access.audit.entries()]
    assert {"signed_in", "sign_in_failed", "password_changed", "signed_out"} <= set(actions)


def test_a_login_link_opens_once_and_on_loopback_only(site: Site):
    token = site.access.login_link("demo", Role.ADMINISTRATOR)
    client = site.anonymous()
    away = client.get(f"/enter/{token}", headers={"Host": "city.example"})
    assert away.status_code == 403
    assert client.get(f"/enter/{token}").status_code == 303
    assert client.get("/api/session").json()["name"] == "demo"
    assert site.anonymous().get(f"/enter/{token}").status_code == 401


def test_keys_need_no_csrf_token_and_act_for_people(site: Site):
    site.city.push(8, stall=True)
    (incident,) = site.service.records.queries.incidents().items
    path = f"/api/incidents/{incident.id}/verdict"
    answer = {"answer": "confirmed", "operator": "li"}
    assert site.machine(Permission.VIEW).post(path, json=answer).status_code == 403
    verdict = site.machine(Permission.REVIEW).post(path, json=answer)
    assert verdict.json()["operator"] == "li (key test)"


def test_people_answer_in_their_own_name(site: Site):
    site.city.push(8, stall=True)
    (incident,) = site.service.records.queries.incidents().items
    path = f"/api/incidents/{incident.id}/verdict"
    answer = {"answer": "confirmed", "operator": "somebody else"}
    client = site.signed_in(Role.OPERATOR, "wang")
    assert client.post(path, json=answer).json()["operator"] == "wang"


def test_an_original_opens_for_a_role_with_a_reason_and_leaves_a_row(site: Site):
    site.city.push(8, stall=True)
    (incident,) = site.service.records.queries.incidents().items
    rows = site.service.records.queries.evidence(incident.id)
    sealed = next(row for row in rows if row.variant == "sealed" and row.kind == "first")
    path = f"/api/incidents/{incident.id}/evidence/{sealed.id}"
    supervisor = site.signed_in(Role.SUPERVISOR)
    assert supervisor.get(path).status_code == 404  # not by the way of the masked ones
    why = {"reason": "the court asks for the plate"}
    assert site.signed_in(Role.OPERATOR).post(f"{path}/original", json=why).status_code == 403
    assert supervisor.post(f"{path}/original", json={"reason": "aaaaaaaaaaaa"}).status_code == 422
    opened = supervisor.post(f"{path}/original", json=why)
    assert opened.content.startswith(b"\xff\xd8")
    assert opened.headers["cache-control"] == "no-store"
    (entry,) = site.access.audit.entries(action="original_opened")
    assert "the court asks" in entry.detail
    assert entry.actor == "the.supervisor"


def test_every_answer_forbids_outside_origins_and_large_bodies_are_refused(site: Site):
    client = site.anonymous()
    for path in ("/health", "/api/incidents", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
    limit = site.service.config.http.max_upload_bytes
    too_much = client.post("/api/session", content=b"x" * (limit + 100_000))
    assert too_much.status_code == 413

    def unmeasured():
        for _ in range(limit // 1_000_000 + 2):
            yield b"x" * 1_000_000

    assert client.post("/api/session", content=unmeasured()).status_code == 413
