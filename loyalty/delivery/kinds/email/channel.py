"""The e-mail channel: one SMTP connection for a batch, one conversation per customer."""

import logging
import smtplib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError

from loyalty.delivery.contracts import ChannelCode, Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import links
from loyalty.delivery.kinds.email import content as mail_content
from loyalty.delivery.kinds.email import markup
from loyalty.delivery.kinds.email.section import backend_of
from loyalty.delivery.kinds.email.smtp import Backend
from loyalty.delivery.kinds.protocol import one_by_one
from loyalty.delivery.policy.templates import parse
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress

log = logging.getLogger("loyalty.delivery.email")

# RFC 5321, 4.2.1: 5yz is a permanent refusal, 4yz one that may pass.
PERMANENT = 500
# "Closing the transmission channel": the server hangs up after saying so.
CLOSING = 421


class EmailChannel:
    """Mail with an HTML and a text part, tracked links and a one-click way out (RFC 8058)."""

    code = ChannelCode.EMAIL.value
    # A commit costs about as much as ten short conversations with a near mail server.
    window = 10

    def is_configured(self) -> bool:
        """Tell that mail always has a server: the setting's default is the one on this machine."""
        return True

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
    def connect(self) -> Iterator["EmailConnection"]:
        """Open one SMTP connection for a batch."""
        section = configuration.read("email")
        backend = backend_of(section)
        connection = EmailConnection(backend, section)
        connection.open()
        try:
            yield connection
        finally:
            # The messages are settled by now; a server that is rude at goodbye changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                backend.close()


class EmailConnection:
    """One open SMTP connection."""

    def __init__(self, backend: Backend, section: configuration.Section) -> None:
        self._backend, self._section = backend, section

    def open(self) -> None:
        """Open it, or open it again after the server hung up.

        :raises DeliveryError: the server cannot be reached, or refuses to talk to us.
        """
        try:
            self._backend.open()
        except egress.EgressRefusal as refusal:
            raise DeliveryError("email.server_unavailable", refusal.detail, is_channel_down=True) from refusal
        except (OSError, smtplib.SMTPException) as fault:
            raise DeliveryError("email.server_unavailable", _said(fault), is_channel_down=True) from fault

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand mails over, one conversation after the other."""
        return one_by_one(self.send, messages)

    def send(self, message: Outgoing) -> Receipt:
        """Hand one mail over.

        :raises DeliveryError: says whether it may be tried again.
        """
        self.open()
        try:
            self._backend.send_messages([self._mail(message)])
        except (OSError, smtplib.SMTPException) as fault:
            raise self._error_of(fault) from fault
        except (BadHeaderError, ValueError, UnicodeError) as fault:
            raise DeliveryError("email.address_invalid", str(fault)[:300], is_permanent=True) from fault
        return Receipt(is_final=self._section["is_final"])

    def _mail(self, message: Outgoing) -> EmailMultiAlternatives:
        sender: str = self._section["from_email"]
        mail = EmailMultiAlternatives(
            subject=message.rendered.subject,
            body=message.rendered.text,
            from_email=sender,
            to=[message.address],
            headers={**message.headers, "Message-ID": message_id(message, sender)},
        )
        mail.attach_alternative(message.rendered.html, "text/html")
        return mail

    def _error_of(self, fault: Exception) -> DeliveryError:
        is_open = self._backend.is_outcome_open
        match fault:
            case smtplib.SMTPRecipientsRefused():
                code = max((answer[0] for answer in fault.recipients.values()), default=PERMANENT)
                is_permanent = code >= PERMANENT
                error = DeliveryError(
                    "email.recipient_refused", _said(fault), is_permanent=is_permanent, is_recipient=is_permanent
                )
            case smtplib.SMTPResponseException():
                is_permanent = fault.smtp_code >= PERMANENT
                if fault.smtp_code == CLOSING:
                    self._drop()
                error = DeliveryError("email.refused", _said(fault), is_permanent=is_permanent)
            case _ if is_open:
                error = DeliveryError("email.outcome_unknown", _said(fault), is_unknown=True)
            case _:
                error = DeliveryError("email.connection_lost", _said(fault))
        if isinstance(fault, smtplib.SMTPServerDisconnected | OSError) and not isinstance(
            fault, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused
        ):
            self._drop()
        return error

    def _drop(self) -> None:
        """Forget a broken line, so that the next message opens a new one."""
        with suppress(OSError, smtplib.SMTPException):
            self._backend.close()
        self._backend.connection = None


def message_id(message: Outgoing, sender: str) -> str:
    """Give the Message-ID: always the same for the same send, so that a receiver can tell a repeated one."""
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    return f"<{message.send_id}@{domain}>"


def _said(fault: Exception) -> str:
    match fault:
        case smtplib.SMTPRecipientsRefused():
            answers = [f"{code} {_text(said)}" for code, said in fault.recipients.values()]
            return "; ".join(answers)[:300]
        case smtplib.SMTPResponseException():
            return f"{fault.smtp_code} {_text(fault.smtp_error)}"[:300]
        case _:
            return f"{type(fault).__name__}: {fault}"[:300]


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
