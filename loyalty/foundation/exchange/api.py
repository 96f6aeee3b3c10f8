"""Front door of exchange."""

from loyalty.foundation.exchange.contracts import (
    DeliveryOrder,
    DeliveryState,
    EndpointState,
    EventTrial,
    ForeignEvent,
    IntakeReport,
    RefusedEvent,
)
from loyalty.foundation.exchange.errors import (
    EndpointNotTold,
    EventRefused,
    EventsTooManyAtOnce,
    EventTypesUnknown,
    MappingTaken,
    RehearsalBusy,
)
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
from loyalty.foundation.exchange.operations.intake import take_in
from loyalty.foundation.exchange.operations.mapping import (
    change_mapping,
    create_mapping,
    list_mapping_problems,
    remove_mapping,
    try_reading,
)
from loyalty.foundation.exchange.operations.replaying import replay_message
from loyalty.foundation.exchange.operations.sending import fan_out, forget_deliveries, is_anybody_told, send_one
from loyalty.foundation.exchange.registry import register_receiver

__all__ = [
    "DeliveryOrder",
    "DeliveryState",
    "EndpointNotTold",
    "EndpointState",
    "EventRefused",
    "EventTrial",
    "EventTypesUnknown",
    "EventsTooManyAtOnce",
    "ForeignEvent",
    "IntakeReport",
    "MappingTaken",
    "RefusedEvent",
    "RehearsalBusy",
    "change_endpoint",
    "change_mapping",
    "create_endpoint",
    "create_mapping",
    "fan_out",
    "forget_deliveries",
    "is_anybody_told",
    "list_mapping_problems",
    "register_receiver",
    "remove_endpoint",
    "remove_mapping",
    "replay_delivery",
    "replay_message",
    "replay_since",
    "rotate_secret",
    "secret_of",
    "send_one",
    "send_test",
    "take_in",
    "try_reading",
]
