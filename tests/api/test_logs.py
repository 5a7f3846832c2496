"""Logs carry no credentials."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from api.logs import configure_logs


@pytest.fixture(autouse=True)
def _as_before():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:], logging.root.level = handlers, level


def test_addresses_lose_user_password_and_token(capsys: pytest.CaptureFixture):
    configure_logs(as_json=True)
    url = "rtsp://admin:hunter2@10.0.0.1/live?token=s3cret"
    structlog.get_logger("a").info("look_failed", source="gate", error=f"{url}: timed out")
    logging.getLogger("b").warning("cannot open %s", url)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "hunter2" not in line
        assert "s3cret" not in line
        assert "10.0.0.1" in line
    assert json.loads(lines[0])["source"] == "gate"
    assert json.loads(lines[0])["level"] == "info"
