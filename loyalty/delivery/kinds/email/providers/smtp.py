"""A mail server: one SMTP connection for a batch, one conversation per customer."""

import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest

from django.core.mail.message import BadHeaderError

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.email.mails import is_name_plain, mail_beyond_ascii, mail_of
from loyalty.delivery.kinds.email.smtp import Backend, Written, backend_of
from loyalty.delivery.kinds.email.written import plain_mail, sender_of
from loyalty.foundation.configuration.api import Section
from loyalty.foundation.resilience import egress

# RFC 5321, 4.2.1: 5yz is a permanent refusal, 4yz one that may pass.
PERMANENT = 500
# "Closing the transmission channel": the server hangs up after saying so.
CLOSING = 421


@contextmanager
def connect(section: Section) -> Iterator["EmailConnection"]:
    """Open one SMTP connection for a batch."""
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

    def __init__(self, backend: Backend, section: Section) -> None:
        self._backend, self._section = backend, section
        self._sender: str = section["from_email"]

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
        """Hand mails over, one conversation after the other; each is written out while the server takes the one
        before."""
        outcomes: list[Receipt | DeliveryError] = []
        written = self._written(messages[0]) if messages else None
        for message, after in zip_longest(messages, messages[1:]):
            following = self._written(after) if after is not None else None
            try:
                outcomes.append(self._send(message, written, following))
            except DeliveryError as fault:
                outcomes.append(fault)
                if fault.is_channel_down:
                    break
            written = following
        return outcomes

    def _written(self, message: Outgoing) -> Written | DeliveryError | None:
        """Give a mail as bytes, the reason why it can be none, or None when it goes the library's way."""
        try:
            body = plain_mail(message, self._sender)
        except (BadHeaderError, ValueError, UnicodeError) as fault:
            return _unfit(fault)
        return Written(message.address, body) if body is not None else None

    def _send(
        self,
        message: Outgoing,
        written: Written | DeliveryError | None,
        following: Written | DeliveryError | None,
    ) -> Receipt:
        """Hand one mail over, and tell the server of the next one on the same way.

        :raises DeliveryError: says whether it may be tried again.
        """
        if isinstance(written, DeliveryError):
            raise written
        self.open()
        try:
            if not is_name_plain(message.address):
                self._backend.connection.send_beyond_ascii(
                    sender_of(self._sender), mail_beyond_ascii(message, self._sender)
                )
            elif written is None:
                self._backend.send_messages([mail_of(message, self._sender)])
            else:
                after = following if isinstance(following, Written) else None
                self._backend.connection.send_written(sender_of(self._sender), written, after)
        except smtplib.SMTPNotSupportedError as fault:
            # Nothing of it left; another server may know such addresses, so the address is not bad for good.
            raise _unfit(fault) from fault
        except (OSError, smtplib.SMTPException) as fault:
            raise self._error_of(fault) from fault
        except (BadHeaderError, ValueError, UnicodeError) as fault:
            raise _unfit(fault) from fault
        return Receipt(is_final=self._section["is_final"])

    def _error_of(self, fault: Exception) -> DeliveryError:
        is_open = self._backend.is_outcome_open
        match fault:
            case smtplib.SMTPRecipientsRefused():
                code = max((answer[0] for answer in fault.recipients.values()), default=PERMANENT)
                is_permanent = code >= PERMANENT
                error = DeliveryError(
                    "email.recipient_refused", _said(fault), is_permanent=is_permanent, is_recipient=is_permanent
                )
            case smtplib.SMTPResponseException() if is_open:
                # An answer that is none: the server may have taken the mail.
                self._drop()
                error = DeliveryError("email.outcome_unknown", _said(fault), is_unknown=True)
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


def _unfit(fault: Exception) -> DeliveryError:
    return DeliveryError("email.address_invalid", str(fault)[:300], is_permanent=True)


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
