"""The push channel: one message to all devices of a customer, each by its own service."""

import logging
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from loyalty.customers import api as customers
from loyalty.customers.api import DevicePlatform
from loyalty.delivery.contracts import ChannelCode, Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import addresses, notices
from loyalty.delivery.kinds.http import Kept, at_once, instant_of_call
from loyalty.delivery.kinds.push.apns import Apns
from loyalty.delivery.kinds.push.contracts import Carrier, Push, TokenDead
from loyalty.delivery.kinds.push.fcm import Fcm
from loyalty.delivery.kinds.push.sections import APNS, FCM, is_apns_set, is_fcm_set
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.errors import FieldProblem

log = logging.getLogger("loyalty.delivery.push")

# What a lock screen shows is far shorter; with title and address it stays below what both services take.
BODY_LENGTH_MAX = 1_000


class PushChannel:
    """Push messages by Google's and Apple's services."""

    code = ChannelCode.PUSH.value
    address_words = addresses.CUSTOMER_WORDS
    # Calls go several at a time over one HTTP/2 connection to each service.
    window = 20

    def __init__(self) -> None:
        self._kept = {DevicePlatform.FCM: Kept(Fcm), DevicePlatform.APNS: Kept(Apns)}

    def is_configured(self) -> bool:
        """Tell whether one of the services is set up."""
        return is_fcm_set(configuration.read(FCM.code)) or is_apns_set(configuration.read(APNS.code))

    def is_address(self, text: str) -> bool:
        """Tell whether it is the id of a customer."""
        return addresses.is_customer(text)

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content."""
        return notices.problems_of(content, field, known, body_length_max=BODY_LENGTH_MAX)

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        return notices.variables_of(content)

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the notice of one customer."""
        return notices.render(content, values, send_id=send_id)

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give nothing: what a service needs beside the message it makes itself."""
        return {}

    @contextmanager
    def connect(self) -> Iterator["PushConnection"]:
        """Give the services that are set up; their connections outlive a batch."""
        services: dict[str, Carrier] = {}
        fcm, apns = configuration.read(FCM.code), configuration.read(APNS.code)
        if is_fcm_set(fcm):
            services[DevicePlatform.FCM] = self._kept[DevicePlatform.FCM].of(fcm)
        if is_apns_set(apns):
            services[DevicePlatform.APNS] = self._kept[DevicePlatform.APNS].of(apns)
        yield PushConnection(services)


class PushConnection:
    """The services that are set up."""

    def __init__(self, services: Mapping[str, Carrier]) -> None:
        self._services = services

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand each message to all devices of its customer; disable those whose service knows them no more.

        A message counts as sent when one device has it: another try would reach that one twice.
        """
        pushes = self._pushes_of(messages)
        outcomes = at_once(self._send, pushes)
        self._disable(pushes, outcomes)
        by_message: dict[uuid.UUID, list[str | DeliveryError]] = {}
        for push, outcome in zip(pushes, outcomes, strict=True):
            by_message.setdefault(push.message.send_id, []).append(outcome)
        is_one_alive = any(not (isinstance(one, DeliveryError) and one.is_channel_down) for one in outcomes)
        return [outcome_of(by_message.get(one.send_id, []), is_one_alive=is_one_alive) for one in messages]

    def _pushes_of(self, messages: Sequence[Outgoing]) -> list[Push]:
        named = {one.send_id: _customer_of(one.address) for one in messages}
        devices = customers.list_devices_of([customer for customer in named.values() if customer is not None])
        return [
            Push(one, device)
            for one in messages
            for device in devices
            if device.customer_id == named[one.send_id] and device.platform in self._services
        ]

    def _send(self, push: Push) -> str:
        return self._services[push.device.platform].send(push)

    def _disable(self, pushes: Sequence[Push], outcomes: Sequence[str | DeliveryError]) -> None:
        dead = {
            (push.device.id, push.device.token): outcome.detail or outcome.code
            for push, outcome in zip(pushes, outcomes, strict=True)
            if isinstance(outcome, TokenDead)
        }
        if dead:
            log.info("%d devices are disabled: their services know them no more", len(dead))
            customers.disable_devices(reasons=dead, now=instant_of_call())


def _customer_of(address: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(address)
    except ValueError:
        return None


def outcome_of(outcomes: Sequence[str | DeliveryError], *, is_one_alive: bool) -> Receipt | DeliveryError:
    """Give what became of a message from what became of it at each device.

    In this order: one device has it; of one nobody knows; one may take it later; all have refused it for good.
    """
    faults = [one for one in outcomes if isinstance(one, DeliveryError)]
    if len(faults) < len(outcomes):
        return Receipt()
    if not faults:
        return DeliveryError("push.no_device", "No device of a service that is set up.", is_permanent=True)
    for fault in faults:
        if fault.is_unknown:
            return fault
    for fault in faults:
        if not fault.is_permanent:
            return as_passing(fault) if fault.is_channel_down and is_one_alive else fault
    return next((fault for fault in faults if not fault.is_recipient), faults[0])


def as_passing(fault: DeliveryError) -> DeliveryError:
    """Give the fault of one service as one of the message: the other service works, so the channel is not down."""
    return DeliveryError(fault.code, fault.detail, wait_s=fault.wait_s)
