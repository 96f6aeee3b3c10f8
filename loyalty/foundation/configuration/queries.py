"""Reads of configuration: what counts now, at once in every process, and what people see of it."""

import threading
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from loyalty.foundation.configuration import registry
from loyalty.foundation.configuration.contracts import Field, FieldView, Section, SectionSpec, SectionView, Source
from loyalty.foundation.configuration.errors import VersionUnknown
from loyalty.foundation.configuration.kinds.sealing import SECRETS, unseal_text
from loyalty.foundation.configuration.models import SealedSecret, SectionVersion, StoredSection
from loyalty.foundation.kernel.redaction import remember_secret
from loyalty.foundation.orm import sql

# One row by its key, planned once for a connection: what it costs to know that nothing changed.
STAMP = "SELECT mark FROM configuration_stamp WHERE id = 1"


class _Held:
    lock = threading.Lock()
    # By section: the mark of the last change and the defaults with which it was read.
    sections: dict[str, tuple[object, tuple[Any, ...], Section]] = {}  # noqa: RUF012 - one cache for the process


def read(code: str) -> Section:
    """Give the values of a section that count now; the same object as long as nothing changes.

    Looks at one row of the database, so that a change counts at once in every process. A change that was rolled back
    leaves no trace: its mark never comes again.

    :raises SectionUnknown: nobody registered it.
    :raises KeyWrong: it has a secret that the master keys do not open.
    """
    spec = registry.get_section(code)
    mark = current_mark()
    defaults = tuple(_hashable(one.default()) for one in spec.fields)
    with _Held.lock:
        held = _Held.sections.get(code)
    if held is not None and held[0] == mark and held[1] == defaults:
        return held[2]
    section = _load(spec)
    if held is not None and held[1] == defaults and dict(held[2]) == dict(section) and held[2].saved == section.saved:
        # Another section was changed; who keeps connections by this one may keep them.
        section = held[2] if held[2].version == section.version else section
    with _Held.lock:
        _Held.sections[code] = (mark, defaults, section)
    return section


def current_mark() -> object:
    """Give the mark of the last change; None when nothing was ever saved."""
    rows = sql.fetch_prepared(STAMP)
    return rows[0]["mark"] if rows else None


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict) else value


def _load(spec: SectionSpec) -> Section:
    row = StoredSection.objects.filter(code=spec.code).first()
    saved: Mapping[str, Any] = row.values if row else {}
    values = effective(spec, saved)
    known = {one.name for one in spec.secrets}
    stored = SealedSecret.objects.filter(code=spec.code, field__in=known)
    for secret in stored:
        values[secret.field] = unseal_text(secret.sealed, associated=f"{SECRETS.associated}:{secret.id}")
    for one in spec.secrets:
        remember_secret(str(values[one.name]))
    return Section(
        spec.code,
        row.version if row else 0,
        values,
        frozenset({*(name for name in saved if spec.field(name)), *(secret.field for secret in stored)}),
        row.changed_at if row else None,
    )


def effective(spec: SectionSpec, saved: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that count with what is saved: the environment's where nothing is.

    The environment's secrets count only where the connection leads to where the environment leads it: they were not
    meant for another host.
    """
    values = {one.name: _value(one, saved) for one in spec.fields}
    if any(values[one.name] != one.default() for one in spec.endpoint):
        values |= {one.name: "" for one in spec.secrets}
    return values


def _value(field: Field, saved: Mapping[str, Any]) -> Any:
    held = None if field.is_secret else saved.get(field.name)
    return field.default() if held is None else held


def view(code: str, *, with_state: bool = True) -> SectionView:
    """Show a section to people; opens no secret.

    :raises SectionUnknown: there is none of that code.
    """
    spec = registry.get_section(code)
    row = StoredSection.objects.filter(code=code).first()
    saved: Mapping[str, Any] = row.values if row else {}
    sealed = set(SealedSecret.objects.filter(code=code).values_list("field", flat=True))
    values = effective(spec, saved)
    return SectionView(
        spec=spec,
        version=row.version if row else 0,
        fields=tuple(_field_view(one, values, saved, sealed) for one in spec.fields),
        changed_at=row.changed_at if row else None,
        changed_by=row.changed_by if row else "",
        state=spec.state() if spec.state is not None and with_state else {},
    )


def _field_view(field: Field, values: Mapping[str, Any], saved: Mapping[str, Any], sealed: set[str]) -> FieldView:
    is_saved = field.name in sealed if field.is_secret else saved.get(field.name) is not None
    is_set = is_saved or values[field.name] not in ("", None, [], {})
    # A setting that has the value of its own default is not told apart from one that is not set.
    otherwise = Source.ENVIRONMENT if field.setting and is_set else Source.DEFAULT
    return FieldView(
        field=field,
        value=None if field.is_secret else values[field.name],
        source=Source.SAVED if is_saved else otherwise,
        is_set=is_set,
    )


def list_versions(code: str) -> QuerySet[SectionVersion]:
    """Give the versions of a section, the newest first.

    :raises SectionUnknown: there is none of that code.
    """
    registry.get_section(code)
    return SectionVersion.objects.filter(code=code).order_by("-version")


def get_version(code: str, version: int) -> SectionVersion:
    """Give one version.

    :raises VersionUnknown: the section never had it.
    """
    found = list_versions(code).filter(version=version).first()
    if found is None:
        raise VersionUnknown(f"The section {code} has no version {version}.")
    return found


def setting(name: str) -> Any:
    """Give a default that reads one of the environment's settings."""
    return lambda: getattr(settings, name)
