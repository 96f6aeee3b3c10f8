"""The e-mail channel; whether a mail server or a service carries it is a matter of the configuration."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings

from loyalty.delivery.contracts import ChannelCode, Rendered
from loyalty.delivery.kinds import addresses, links
from loyalty.delivery.kinds.email import content as mail_content
from loyalty.delivery.kinds.email import markup
from loyalty.delivery.kinds.email.providers import registry
from loyalty.delivery.kinds.protocol import Connection
from loyalty.delivery.policy.templates import parse
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.errors import FieldProblem


class EmailChannel:
    """Mail with an HTML and a text part, tracked links and a one-click way out (RFC 8058)."""

    code = ChannelCode.EMAIL.value
    address_words = addresses.MAIL_WORDS
    # A commit costs about as much as twenty short conversations with a near mail server; a killed worker leaves at
    # most as many of which nobody knows.
    window = 20

    def is_configured(self) -> bool:
        """Tell that mail always has a server: the setting's default is the one on this machine."""
        return True

    def is_address(self, text: str) -> bool:
        """Tell whether it is an e-mail address."""
        return addresses.is_mail(text)

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content."""
        return mail_content.problems_of(content, field, known)

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        places = [*parse(content["subject"]).variables, *parse(content["body"]).variables]
        return tuple(dict.fromkeys(place.name for place in places))

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the mail of one customer."""
        compiled = mail_content.compile_mail(content["subject"], content["body"], needs_unsubscribe=is_marketing)
        if send_id is None:
            own = {**values, markup.UNSUBSCRIBE: f"{settings.PUBLIC_URL}/u/preview"}
            return mail_content.render(compiled, own, None)
        own = {**values, markup.UNSUBSCRIBE: links.unsubscribe_url(send_id)}

        def tracked(target: str) -> str:
            return links.click_url(send_id, target)

        return mail_content.render(compiled, own, tracked, links.open_url(send_id))

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give the headers that let mail programs unsubscribe by one POST, and that keep auto-answers away."""
        always = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}
        if not is_marketing:
            return always
        return {
            **always,
            "List-Unsubscribe": f"<{links.unsubscribe_url(send_id)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open the way that the configuration names."""
        section = configuration.read("email")
        with registry.get(section["provider"]).connect(section) as connection:
            yield connection
