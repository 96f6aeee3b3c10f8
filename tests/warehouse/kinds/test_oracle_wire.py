"""What Oracle's own driver makes, over a real connection, of peers that do not speak its protocol to the end."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import literal, select

from loyalty.warehouse.api import WarehouseUnavailable
from loyalty.warehouse.contracts import ConnectorOptions
from loyalty.warehouse.kinds import registry
from tests.warehouse.kinds.test_drivers import listener, tns_refusal

REFUSE, REDIRECT, RESEND, ACCEPT = 4, 5, 11, 2
# Two limits of a second for a connection, and as many for the tries that follow.
BOUND_SECONDS = 12.0


def packet(kind: int, body: bytes = b"") -> bytes:
    """A packet of Oracle's network protocol, as it is before both sides know what they can do."""
    return (8 + len(body)).to_bytes(2, "big") + b"\x00\x00" + bytes([kind]) + b"\x00\x00\x00" + body


def redirect(port: int) -> bytes:
    """The packet that sends a caller elsewhere."""
    place = f"(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={port}))".encode()
    place += b"\x00(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=X)))"
    return packet(REDIRECT, len(place).to_bytes(2, "big") + place)


ANSWERS: dict[str, Callable[[], bytes]] = {
    "another protocol": lambda: b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "nothing, and the end": lambda: b"",
    "half a header": lambda: packet(REFUSE)[:5],
    "a header and half a body": lambda: tns_refusal(12514)[:30],
    "a packet without a meaning": lambda: packet(99, b"\xff" * 16),
    "again, and the end": lambda: packet(RESEND),
    "elsewhere, and the end": lambda: redirect(1),
    "accepted, and the end": lambda: packet(ACCEPT, b"\x01\x3f" + bytes(30)),
}


@pytest.mark.parametrize("told", ANSWERS)
def test_oracle__a_peer_that_breaks_off__away_in_time_and_without_the_password(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty.warehouse.kinds.base.CONNECT_SECONDS", 1)
    monkeypatch.setattr("loyalty.warehouse.kinds.guard.TOTAL_SECONDS", 1.0)
    with listener(ANSWERS[told]()) as port:
        options = ConnectorOptions(f"oracle://u:hidden@127.0.0.1:{port}/?service_name=X", statement_timeout_ms=500)
        connector = registry.open_connector("oracle", options)
        began = time.monotonic()
        with pytest.raises(WarehouseUnavailable) as refusal:
            connector.fetch_all(select(literal(1)))
        assert time.monotonic() - began < BOUND_SECONDS
        assert (refusal.value.code, "hidden" in refusal.value.detail) == ("warehouse.unavailable", False)
        report = connector.test_connection("people")
        assert (report.is_reachable, report.problem_code) == (False, "warehouse.unavailable")
        connector.close()
