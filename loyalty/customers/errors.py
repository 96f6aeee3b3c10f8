"""What customers refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated, Unavailable


class CustomerNotFound(NotFound):
    """No customer has that id or reference."""

    code = "customer.not_found"
    title = "No such customer"


class ErasureUnconfirmed(Invalid):
    """What was typed to confirm an erasure is not the customer's reference."""

    code = "customer.erasure_unconfirmed"
    title = "The erasure is not confirmed"


class MergeUnconfirmed(Invalid):
    """What was typed to confirm a merge is not the reference of the customer who goes."""

    code = "customer.merge_unconfirmed"
    title = "The merge is not confirmed"


class MergeWithItself(Invalid):
    """Both names lead to one customer."""

    code = "customer.merge_with_itself"
    title = "A customer is not merged with itself"


class MergedAlready(Conflict):
    """The customer was merged into another one than is asked for now."""

    code = "customer.merged_already"
    title = "The customer was merged before"


class MergeOfErased(Conflict):
    """One of the two was erased: nobody can tell any more who it was."""

    code = "customer.merge_of_erased"
    title = "An erased customer is not merged"


class ConsentInvalid(Invalid):
    """A channel or purpose that does not exist."""

    code = "consent.invalid"
    title = "No such consent"


class CustomerRecordInvalid(Invalid):
    """A customer from another system lacks a reference or repeats one."""

    code = "customer.record_invalid"
    title = "A customer's record cannot be read"


class EventsTooMany(Invalid):
    """More events in one call than the stated limit."""

    code = "events.too_many"
    title = "Too many events in one call"


class EventSourceTaken(Conflict):
    """A source of that code exists."""

    code = "event_source.code_taken"
    title = "The code is taken"


class SignatureInvalid(Unauthenticated):
    """The signature does not fit the body, or the source is unknown."""

    code = "signature.invalid"
    title = "Signature not accepted"


class SignatureExpired(Unauthenticated):
    """The signature's time lies too far from now."""

    code = "signature.expired"
    title = "Signature too old"


class DeviceInvalid(Invalid):
    """A device's name or token is missing, too long, or not one of its platform's."""

    code = "device.invalid"
    title = "The device cannot be registered"


class DeviceNotFound(NotFound):
    """The customer has no device of this name."""

    code = "device.not_found"
    title = "No such device"


class AttributeNotFound(NotFound):
    """There is no attribute of that code."""

    code = "customer.attribute_not_found"
    title = "No such attribute"


class AttributeTaken(Conflict):
    """An attribute of that code exists."""

    code = "customer.attribute_code_taken"
    title = "The code is taken"


class AttributeInvalid(Invalid):
    """The definition of an attribute cannot stand: its code, its kind or its choices."""

    code = "customer.attribute_invalid"
    title = "The attribute cannot be defined so"


class AttributesTooMany(Conflict):
    """As many attributes as may be are defined."""

    code = "customer.attributes_too_many"
    title = "Too many attributes"


class AttributeValueInvalid(Invalid):
    """A value does not fit the kind of its attribute, or the attribute is set no more."""

    code = "customer.attribute_value_invalid"
    title = "The value does not fit"


class BssUnavailable(Unavailable):
    """The BSS does not answer, answers with faults, or is not configured."""

    code = "bss.unavailable"
    title = "The BSS does not answer"


class BssCredentialsRefused(Unavailable):
    """The BSS does not accept our user name and password."""

    code = "bss.credentials_refused"
    title = "The BSS refuses our credentials"


class BssAnswerInvalid(Unavailable):
    """The BSS answered something that is too large or not what it promises."""

    code = "bss.answer_invalid"
    title = "The BSS's answer cannot be read"


class BssNotConfigured(Unavailable):
    """No address of a BSS is set."""

    code = "bss.not_configured"
    title = "No BSS is configured"
