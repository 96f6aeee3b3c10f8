"""Where an object of the log can be looked at; filled when the platform starts."""

from collections.abc import Mapping


class _Registry:
    links: dict[str, str] = {}  # noqa: RUF012 - one registry for the process


def register_link(subject_kind: str, address: str) -> None:
    """Say where subjects of a kind are shown: an address of the console with ``{ref}`` for the subject's public id."""
    _Registry.links[subject_kind] = address


def list_links() -> Mapping[str, str]:
    """Give the address of each kind of subject that has one."""
    return dict(_Registry.links)


def link_of(subject_kind: str, subject_ref: str) -> str:
    """Give the address of a subject in the console, or "" when nothing shows subjects of its kind.

    A part of a subject, which stands after a slash (a role of a user), is shown where the subject is.
    """
    address = _Registry.links.get(subject_kind, "")
    return address.format(ref=subject_ref.partition("/")[0]) if address and subject_ref else ""
