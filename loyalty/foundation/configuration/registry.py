"""The sections that domains register, and the columns of theirs that hold sealed texts."""

from dataclasses import replace

from loyalty.foundation.configuration.contracts import Field, SealedColumn, SectionSpec
from loyalty.foundation.configuration.errors import SectionUnknown

_sections: dict[str, SectionSpec] = {}
_columns: dict[tuple[str, str], SealedColumn] = {}


def register_section(spec: SectionSpec) -> None:
    """Take a section in; called once in a domain's ``ready()``.

    :raises ValueError: there is one of that code, or it names a field twice.
    """
    if spec.code in _sections:
        raise ValueError(f"There are two sections {spec.code}.")
    names = [one.name for one in spec.fields]
    if len(set(names)) != len(names):
        raise ValueError(f"The section {spec.code} names a field twice.")
    _sections[spec.code] = spec


def extend_section(code: str, *fields: Field) -> None:
    """Add fields to a section that several domains share, such as ``system``."""
    spec = get_section(code)
    del _sections[code]
    register_section(replace(spec, fields=(*spec.fields, *fields)))


def forget_section(code: str) -> None:
    """Take a section out; for tests that register their own."""
    _sections.pop(code, None)


def get_section(code: str) -> SectionSpec:
    """Give a section.

    :raises SectionUnknown: there is none of that code.
    """
    if code not in _sections:
        raise SectionUnknown(f"There is no section {code[:50]}.")
    return _sections[code]


def list_specs() -> list[SectionSpec]:
    """Give all sections by their codes."""
    return [_sections[code] for code in sorted(_sections)]


def register_sealed(column: SealedColumn) -> None:
    """Let a change of the master key find the sealed texts of a column."""
    _columns[(column.table, column.column)] = column


def list_sealed() -> list[SealedColumn]:
    """Give the columns of all domains that hold sealed texts."""
    return [_columns[place] for place in sorted(_columns)]
