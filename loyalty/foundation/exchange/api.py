"""Front door of exchange."""

from loyalty.foundation.exchange.contracts import DeliveryOrder, DeliveryState, EndpointState
from loyalty.foundation.exchange.errors import EndpointNotTold, EventTypesUnknown
from loyalty.foundation.exchange.operations.endpoints import (
    change_endpoint,
    create_endpoint,
    remove_endpoint,
    replay_delivery,
    replay_since,
    rotate_secret,
    secret_of,
    send_test,
)
from loyalty.foundation.exchange.operations.sending import fan_out, forget_deliveries, is_anybody_told, send_one

__all__ = [
    "DeliveryOrder",
    "DeliveryState",
    "EndpointNotTold",
    "EndpointState",
    "EventTypesUnknown",
    "change_endpoint",
    "create_endpoint",
    "fan_out",
    "forget_deliveries",
    "is_anybody_told",
    "remove_endpoint",
    "replay_delivery",
    "replay_since",
    "rotate_secret",
    "secret_of",
    "send_one",
    "send_test",
]
