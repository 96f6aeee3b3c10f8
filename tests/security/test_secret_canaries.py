"""Twenty planted secrets: entered, refused, tried, rolled back, carried by faults, and found nowhere afterwards."""

import io
import logging
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.configuration import api
from loyalty.foundation.configuration.operations import testing
from loyalty.foundation.kernel.redaction import RedactingFormatter
from tests.conftest import ClientWith
from tests.security.canary import watching

pytestmark = pytest.mark.django_db
BASE = "/api/loyalty/v1/config"
COUNT = 20


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, by every logger from DEBUG on, as the platform's formatter writes it."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    configured = settings.LOGGING["formatters"]["line"]
    assert configured["()"] == f"{RedactingFormatter.__module__}.{RedactingFormatter.__qualname__}"
    handler.setFormatter(RedactingFormatter(configured["fmt"]))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(handler)
    root.setLevel(level)


class Planted:
    """Makes secrets, counts them, and keeps every answer that came back."""

    def __init__(self, client: APIClient) -> None:
        self.client, self.secrets, self.answers = client, list[str](), list[str]()

    def secret(self, form: str = "{}") -> str:
        """Give a new one."""
        text = form.format("canary-" + secrets.token_hex(8))
        self.secrets.append(text)
        return text

    def send(self, path: str, body: Any = None) -> Any:
        """Call, keep the answer with its headers, and give it."""
        url = f"{BASE}/{path}"
        answer = self.client.get(url) if body is None else self.client.post(url, body, format="json")
        self.answers.append(answer.content.decode() + str(answer.headers))
        return answer


def leaks_in_database(planted: list[str]) -> list[str]:
    """Look for the secrets in every row of every table, in clear and as bytes are shown."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p', 'm') "
            "AND relnamespace = 'public'::regnamespace AND NOT relispartition"
        )
        forms = [form for secret in planted for form in (secret, secret.encode().hex())]
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT substring(t::text FROM %s) FROM {table} t WHERE t::text ~ %s", ["|".join(forms)] * 2
            )
            found += [f"{table}: {row[0]}" for row in cursor.fetchall()]
    return found


def test_secrets__planted_everywhere__found_nowhere(
    client_with: ClientWith, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Planted(client_with("configuration.view", "configuration.manage", "configuration.test", "audit.view"))
    monkeypatch.setattr(testing.pace, "pause", lambda seconds: None)
    monkeypatch.setattr(testing.pace, "seconds", 1.5)
    with watching() as canary:
        plant(planted, canary.port, monkeypatch)
    assert len(planted.secrets) == COUNT
    # What is meant for use can be used.
    assert api.read("xiva")["password"] in planted.secrets
    assert_nowhere(planted, log)


def plant(planted: Planted, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter twenty secrets in every way in which one can come in."""
    # The environment's own, at two systems.
    monkeypatch.setattr(settings, "EMAIL_HOST_PASSWORD", planted.secret())
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", f"postgresql://u:{planted.secret()}@127.0.0.1:{port}/d")
    planted.send("get_all/")
    planted.send("dwh/")
    planted.send("dwh/test/")
    endpoints: dict[str, dict[str, Any]] = {
        "xiva": {"base_url": f"http://127.0.0.1:{port}", "username": "u"},
        "dwh": {"kind": "postgresql", "host": "127.0.0.1", "port": port, "username": "u"},
        "email": {"host": "127.0.0.1", "port": port, "username": "u"},
        # A second time, so that secrets are replaced.
        "xiva/": {"base_url": f"http://127.0.0.1:{port}", "username": "w"},
    }
    for name, endpoint in endpoints.items():
        code = name.rstrip("/")
        # Tried without being saved; refused beside a bad value; saved; read, tried, replaced.
        planted.send(f"{code}/test/", {"values": {**endpoint, "password": planted.secret()}})
        refused = planted.send(f"{code}/", {"values": {**endpoint, "password": planted.secret(), "nothing": 1}})
        assert refused.status_code == 400
        assert planted.send(f"{code}/", {"values": {**endpoint, "password": planted.secret()}}).status_code == 200
        planted.send(f"{code}/test/", {"values": {}})
        planted.send(f"{code}/versions/")
    # In the wrong place, as the wrong type, with letters that are written otherwise in JSON and in a repr.
    assert planted.send("xiva/", {"values": {"password": [planted.secret()]}}).status_code == 400
    assert planted.send("xiva/", {"values": {"password": planted.secret("{}\n")}}).status_code == 400
    assert planted.send("xiva/", {"values": {"password": planted.secret("ü'\"\\{}")}}).status_code == 200
    # For a section that is not there, and on a version that is no longer.
    assert planted.send("nothing/", {"values": {"password": planted.secret()}}).status_code == 404
    late = planted.send("xiva/", {"values": {"password": planted.secret()}, "expected_version": 77})
    assert late.status_code == 412
    # In the logs of a fault, as a message, an argument and a part of an address.
    for_log = planted.secret()
    planted.send("xiva/test/", {"values": {"password": for_log}})
    try:
        raise RuntimeError(f"could not sign in at https://u:{for_log}@bss.example with password {for_log}")
    except RuntimeError:
        logging.getLogger("loyalty.web").exception("fault with %r", {"password": for_log})
    planted.send("xiva/")
    planted.send("get_all/")
    audited = planted.client.get("/api/loyalty/v1/auditLogs/?subject_kind=configuration")
    assert audited.json()["count"] >= len(endpoints)
    planted.answers.append(audited.content.decode())


def assert_nowhere(planted: Planted, log: io.StringIO) -> None:
    """Look in all answers, in all that was logged, and in all tables."""
    text = log.getvalue()
    assert "fault with" in text, "nothing was logged, so nothing was looked at"
    assert len(planted.answers) > 30
    for secret in planted.secrets:
        core = secret.strip()[-16:]
        assert core not in text
        assert [one for one in planted.answers if core in one] == []
    cores = [secret.strip()[-16:] for secret in planted.secrets]
    assert leaks_in_database(cores) == []
    # The look itself would find one.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO configuration_storedsection (code, version, values, changed_by) VALUES ('planted', 0, %s, '')",
            ['{"x": "' + cores[0] + '"}'],
        )
    assert leaks_in_database(cores[:1]) == [f"configuration_storedsection: {cores[0]}"]
