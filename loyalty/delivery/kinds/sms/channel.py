"""The channel of text messages; the provider that carries them is a matter of the configuration."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings

from loyalty.delivery.contracts import ChannelCode, Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import addresses
from loyalty.delivery.kinds.protocol import Connection
from loyalty.delivery.kinds.sms import content as texts
from loyalty.delivery.kinds.sms.providers import registry
from loyalty.delivery.kinds.sms.providers.registry import SMS, is_sms_set
from loyalty.delivery.kinds.sms.segments import SEGMENTS_MAX, segments_of
from loyalty.delivery.policy.templates import parse
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.errors import FieldProblem


class SmsChannel:
    """Text messages, in GSM's alphabet where it has all characters, else in UCS-2; long ones in joined segments."""

    code = ChannelCode.SMS.value
    address_words = addresses.TELEPHONE_WORDS
    # SMPP answers out of step with what is sent, so a window hides the way to the SMSC and back.
    window = 20

    def is_configured(self) -> bool:
        """Tell whether a provider is named."""
        return is_sms_set(configuration.read(SMS))

    def is_address(self, text: str) -> bool:
        """Tell whether it is a telephone number."""
        return addresses.is_telephone(text)

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content."""
        return texts.problems_of(content, field, known)

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        return tuple(dict.fromkeys(place.name for place in parse(content["body"]).variables))

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the text of one customer; a text of marketing ends with how to stop it, unless it says so itself."""
        footer = settings.LOYALTY_SMS_STOP_TEXT if is_marketing and "STOP" not in content["body"] else ""
        return Rendered(subject="", html="", text=texts.render(content["body"], values, footer, send_id))

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give nothing: a text message has no headers."""
        return {}

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open the way to the provider."""
        section = configuration.read(SMS)
        with registry.get(section["provider"]).connect(section) as connection:
            yield Measured(connection)


class Measured:
    """A provider's connection that is not asked to carry what no network does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand over what fits; a text whose values made it too long fails for good."""
        fitting = [message for message in messages if _fits(message)]
        carried = iter(self._connection.hand_over(fitting) if fitting else ())
        outcomes: list[Receipt | DeliveryError] = []
        for message in messages:
            outcome = next(carried, None) if _fits(message) else _too_long(message)
            if outcome is None:
                break
            outcomes.append(outcome)
        return outcomes


def _fits(message: Outgoing) -> bool:
    return len(segments_of(message.rendered.text).bodies) <= SEGMENTS_MAX


def _too_long(message: Outgoing) -> DeliveryError:
    count = len(segments_of(message.rendered.text).bodies)
    return DeliveryError("sms.too_long", f"{count} segments, at most {SEGMENTS_MAX}", is_permanent=True)
