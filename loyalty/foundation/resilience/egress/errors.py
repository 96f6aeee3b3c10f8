"""Why a call to another system is refused, and what may happen to one on its way."""

from loyalty.foundation.kernel.errors import Forbidden, Invalid, Refusal, Unavailable


class EgressRefusal(Refusal):
    """A call that did not leave, or was broken off, for the sake of safety."""

    code = "egress.refused"
    title = "The call is not allowed"


class UrlInvalid(EgressRefusal, Invalid):
    """An address is written in a form that systems read in different ways, or that is no address at all."""

    code = "egress.url_invalid"
    title = "The address cannot be used"


class SchemeRefused(EgressRefusal, Forbidden):
    """The address asks for a protocol that the administrator did not allow."""

    code = "egress.scheme_refused"
    title = "The protocol is not allowed"


class PortRefused(EgressRefusal, Forbidden):
    """The address leads to a port that the administrator did not allow."""

    code = "egress.port_refused"
    title = "The port is not allowed"


class HostRefused(EgressRefusal, Forbidden):
    """The administrator allows calls to named hosts only, and this is none of them."""

    code = "egress.host_refused"
    title = "The host is not allowed"


class AddressRefused(EgressRefusal, Forbidden):
    """The host leads to an address of an inner network that the administrator did not allow."""

    code = "egress.address_refused"
    title = "The address leads to an inner network"


class HostUnknown(EgressRefusal, Unavailable):
    """The name of the host leads to no address now."""

    code = "egress.host_unknown"
    title = "The host is not known"


class TimeSpent(EgressRefusal, Unavailable):
    """The other side did not end its answer within the time that a call may take in all."""

    code = "egress.time_spent"
    title = "The answer took too long"


class AnswerTooLarge(EgressRefusal, Unavailable):
    """The other side's answer, or what it unpacks to, is longer than the caller takes."""

    code = "egress.answer_too_large"
    title = "The answer is too large"


class AnswerUnreadable(EgressRefusal, Unavailable):
    """The other side's answer is packed in a way that was not asked for, or is broken."""

    code = "egress.answer_unreadable"
    title = "The answer cannot be unpacked"
