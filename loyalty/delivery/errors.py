"""What delivery refuses, and the one error of a channel."""

from loyalty.foundation.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable


class TemplateInvalid(Invalid):
    """A template cannot be read, or names what nobody declared; ``problems`` say where."""

    code = "template.invalid"
    title = "The template has errors"


class ContentInvalid(Invalid):
    """The content of a channel lacks a part or has one that the channel does not know."""

    code = "content.invalid"
    title = "The content has errors"


class TemplateNotFound(NotFound):
    """There is no template of this id, or no version of this number."""

    code = "template.not_found"
    title = "No such template"


class TemplateCodeTaken(Conflict):
    """Another template has this code; messages refer to it for ever."""

    code = "template.code_taken"
    title = "This code is taken"


class TemplateInUse(Conflict):
    """A published template may be referred to by messages; it can be archived, not deleted."""

    code = "template.in_use"
    title = "The template was published"


class TemplateNothingNew(Conflict):
    """The draft is what is published already."""

    code = "template.nothing_new"
    title = "There is nothing new to publish"


class TestAddressInvalid(Invalid):
    """Nothing of this channel can go to this address."""

    code = "template.test_address_invalid"
    title = "Not an address of this channel"


class TestValueMissing(Unprocessable):
    """A variable has neither a value, nor a fallback, nor a sample; ``name`` is the variable."""

    code = "template.test_value_missing"
    title = "A value is missing"


class ChannelUnknown(Invalid):
    """There is no channel of this name."""

    code = "channel.unknown"
    title = "No such channel"


class ChannelNotAvailable(Unprocessable):
    """The channel is known, and this version has no way to send on it."""

    code = "channel.not_available"
    title = "The channel cannot send here"


class OccurrenceContentDiffers(Conflict):
    """The same occurrence was asked for before, with another content."""

    code = "message.occurrence_reused"
    title = "This occurrence already has another message"


class ContactPolicyInvalid(Invalid):
    """A contact policy names what does not exist, or numbers out of range; ``problems`` say where."""

    code = "contact_policy.invalid"
    title = "The contact policy has errors"


class SuppressionNotFound(NotFound):
    """No address is suppressed under this id."""

    code = "suppression.not_found"
    title = "No such suppression"


class SendNotFound(NotFound):
    """There is no message to a customer of this id."""

    code = "send.not_found"
    title = "No such message"


class SendNotRetryable(Conflict):
    """The message went, or may have gone, or was never to go: sending it again could double it."""

    code = "send.not_retryable"
    title = "This message cannot be tried again"


class LinkInvalid(NotFound):
    """A link in a message is not one that we signed."""

    code = "link.invalid"
    title = "This link is not valid"


class InboxItemNotFound(NotFound):
    """The customer's inbox has no such message, or not any more."""

    code = "inbox.not_found"
    title = "No such message"


class BudgetInvalid(Invalid):
    """A budget names no scope, the wrong thing, or an amount out of range; ``problems`` say where."""

    code = "budget.invalid"
    title = "The budget has errors"


class BudgetNotFound(NotFound):
    """There is no budget with this id."""

    code = "budget.not_found"
    title = "No such budget"


class HookRefused(Forbidden):
    """What a provider's webhook brought is not signed as the configuration asks, or is none of that provider's."""

    code = "hook.refused"
    title = "The call is not from our provider"


class HookUnknown(NotFound):
    """No provider that is set up tells us anything under this address."""

    code = "hook.unknown"
    title = "No such webhook"


class PreferencesInvalid(Invalid):
    """A customer's choices name a language that is none, or half of a time; ``problems`` say which."""

    code = "preferences.invalid"
    title = "The preferences have errors"


class VariableMissing(Exception):  # noqa: N818 - an outcome of rendering, recorded as the reason of a skipped send
    """The customer has no value for a variable that has no fallback."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class DeliveryError(Exception):
    """A channel could not hand a message over.

    ``is_permanent``: trying again cannot help. ``is_unknown``: the message may have gone, so that trying again
    could double it. ``is_channel_down``: the channel itself does not work; no message was touched. ``wait_s``: so long
    whoever refused it wants to be left alone.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        is_permanent: bool = False,
        is_unknown: bool = False,
        is_channel_down: bool = False,
        is_recipient: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.is_permanent = is_permanent
        self.is_unknown = is_unknown
        self.is_channel_down = is_channel_down
        self.is_recipient = is_recipient
        self.wait_s = wait_s
