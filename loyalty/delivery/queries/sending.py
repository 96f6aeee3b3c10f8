"""Reads of channels and of what a content says."""

from collections.abc import Mapping, Sequence

from loyalty.delivery.contracts import Rendered
from loyalty.delivery.kinds import links, registry
from loyalty.delivery.policy.variables import PREFERENCES
from loyalty.delivery.queries.templating import parts_of_reference

# Whoever names no language gets the template's first fallback: no tag is longer, so none can match.
NO_LANGUAGE = "und"


def list_channels() -> list[str]:
    """Give the channels that can send here."""
    return registry.available()


def list_channels_of_address(channels: Sequence[str], address: str) -> list[str]:
    """Give those of some channels to which a test message could go at this address.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    """
    return [code for code in channels if registry.get(code).is_address(address)]


def words_of_addresses(channels: Sequence[str]) -> str:
    """Say what an address of these channels is: "an e-mail address or a telephone number"."""
    return " or ".join(dict.fromkeys(registry.get(code).address_words for code in channels))


def list_variables(channel: str, content: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names that a checked content uses, of a template in any of its languages.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises TemplateNotFound: it names a template that cannot be used.
    """
    kind = registry.get(channel)
    return tuple(dict.fromkeys(name for parts in parts_of_reference(content) for name in kind.variables_of(parts)))


def render_preview(
    *, channel: str, content: Mapping[str, str], values: Mapping[str, object], language: str = ""
) -> Rendered:
    """Give a message as a customer with these values and this language would get it, with nothing tracked.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises TemplateNotFound: it names a template that cannot be used.
    :raises VariableMissing: a value is missing that has no fallback.
    """
    (parts,) = parts_of_reference(content, language or NO_LANGUAGE)
    return registry.get(channel).render(
        parts, {**values, PREFERENCES: links.preferences_url(None)}, send_id=None, is_marketing=True
    )
