"""Reads the promises out of the code itself, so that the docs cannot tell something else."""

import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, TypeVar

from drf_spectacular.generators import SchemaGenerator

import loyalty
from loyalty.foundation.access.api import list_permissions
from loyalty.foundation.configuration.api import Field, FieldType, SectionSpec, list_specs
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.web.problems import FRAMEWORK_CODES, status_of

Kind = TypeVar("Kind")

# Where the schemas of published events are recorded.
SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "api" / "event-schemas.json"
GENERATED = "<!-- written by ./khaywe manage write_catalogues -->"


def _load_all() -> None:
    """Import every module of every domain, so that what is known does not hang on what was imported before."""
    for module in walk_packages(loyalty.__path__, "loyalty."):
        if not any(part in module.name for part in (".config", ".migrations", ".management")):
            try:
                import_module(module.name)
            except ModuleNotFoundError as fault:
                # A connector whose driver is not installed here; connectors promise nothing of their own.
                if (fault.name or "").startswith("loyalty"):
                    raise


def _descendants(base: type[Kind]) -> Iterator[type[Kind]]:
    children: list[type[Kind]] = base.__subclasses__()
    for child in children:
        yield child
        yield from _descendants(child)


def _sentence(kind: type[object]) -> str:
    return (kind.__doc__ or "").strip().split("\n")[0]


def _is_ours(kind: type[object]) -> bool:
    """Tell whether a class is ours and the one that its module names: a dataclass with slots is made twice."""
    if not kind.__module__.startswith("loyalty."):
        return False
    return getattr(import_module(kind.__module__), kind.__name__, None) is kind


def errors_page() -> str:
    """Write the catalogue of error codes."""
    _load_all()
    rows = {
        (kind.code, status_of(kind()).value, kind.title, _sentence(kind))
        for kind in _descendants(Refusal)
        if _is_ours(kind) and "code" in vars(kind)
    }
    rows |= {(code, status.value, title, "The framework's own refusal.") for _, status, code, title in FRAMEWORK_CODES}
    rows |= {("invalid", 400, "Invalid input", "One or more fields are wrong; `errors` names each.")}
    rows |= {("fault", 500, "Something broke", "Our fault, logged under the request id.")}
    lines = [f"| `{code}` | {status} | {title} | {text} |" for code, status, title, text in sorted(rows)]
    head = (
        f"# Error codes\n\n{GENERATED}\n\n"
        "Every refusal leaves as `application/problem+json` (RFC 9457) with `code`.\n\n"
        "| code | status | title | meaning |\n|---|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n"


def events_page() -> str:
    """Write the catalogue of events."""
    _load_all()
    lines = []
    for kind in events.list_types():
        fields = ", ".join(f"`{name}`" for name in kind.schema["properties"])
        heard = ", ".join(f"`{name}`" for name in kind.handlers) or "—"
        lines.append(f"| `{kind.name}` | {kind.version} | {kind.title} | {fields} | {heard} |")
    head = (
        f"# Events\n\n{GENERATED}\n\n"
        "Each is a CloudEvent 1.0; the JSON Schema of its data is in [event-schemas.json](event-schemas.json), "
        "by type and version.\n\n"
        "| type | version | meaning | data | handled by |\n|---|---|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n"


def event_schemas_document() -> str:
    """Write the schemas of all events; the versions recorded before stay.

    :raises ValueError: a type changed so that who reads its recorded version would stumble; it needs a new version.
    """
    _load_all()
    recorded: dict[str, dict[str, Any]] = json.loads(SCHEMAS.read_text(encoding="utf-8")) if SCHEMAS.exists() else {}
    return json.dumps(merge_schemas(recorded, events.list_types()), indent=1, sort_keys=True) + "\n"


def merge_schemas(
    recorded: dict[str, dict[str, Any]], kinds: Sequence[events.TypeView]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Put the present schemas beside the recorded ones: ``{type: {version: schema}}``.

    :raises ValueError: a type is gone, or changed so that who reads its recorded version would stumble.
    """
    merged = {name: dict(versions) for name, versions in recorded.items()}
    gone = sorted(set(merged) - {kind.name for kind in kinds})
    breaks = [f"{name} is published no more" for name in gone]
    for kind in kinds:
        versions = merged.setdefault(kind.name, {})
        before = versions.get(str(kind.version))
        if before is not None:
            breaks += [f"{kind.name}: {one}" for one in events.list_breaks(before, kind.schema)]
        versions[str(kind.version)] = kind.schema
    if breaks:
        raise ValueError("Published events may not change like this without a new version: " + "; ".join(breaks))
    return merged


def permissions_page() -> str:
    """Write the catalogue of permissions."""
    lines = [f"| `{view.code}` | {view.description} |" for view in list_permissions()]
    return f"# Permissions\n\n{GENERATED}\n\n| permission | lets one |\n|---|---|\n" + "\n".join(lines) + "\n"


def configuration_page() -> str:
    """Write the catalogue of sections and fields below what is written by hand in its page."""
    page = Path(loyalty.__path__[0]).parent / "docs/operating/configuration.md"
    by_hand = page.read_text(encoding="utf-8").partition(GENERATED)[0] if page.exists() else ""
    parts = [_section_text(spec) for spec in list_specs()]
    return by_hand + GENERATED + "\n\n" + "\n".join(parts)


def _section_text(spec: SectionSpec) -> str:
    marks = [
        *(["can be tested"] if spec.test is not None else []),
        *(["a change may need an approval"] if spec.needs_approval else []),
    ]
    head = (
        f"### `{spec.code}`: {spec.title}\n\n{spec.description} {'; '.join(marks).capitalize()}{'.' if marks else ''}"
    )
    lines = [_field_row(one) for one in spec.fields]
    table = "| field | type | of the connection | until saved | meaning |\n|---|---|---|---|---|\n"
    return head.rstrip() + "\n\n" + table + "\n".join(lines) + "\n"


def _field_row(one: Field) -> str:
    bounds = f" {one.low}–{one.high}" if one.type is FieldType.WHOLE else ""
    choices = f" ({', '.join(choice or 'empty' for choice in one.choices)})" if one.choices else ""
    unit = f", {one.unit}" if one.unit else ""
    meaning = f"{one.title}. {one.description}".strip()
    until = f"`{one.setting}`" if one.setting else "its default"
    holds = f"{one.type}{bounds}{choices}{unit}"
    return f"| `{one.name}` | {holds} | {'yes' if one.is_endpoint else ''} | {until} | {meaning} |"


def openapi_document() -> str:
    """Write the OpenAPI document."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(schema, indent=1, sort_keys=True, default=str, ensure_ascii=False) + "\n"


def pages() -> dict[str, str]:
    """Give every generated file: path from the project's root, and text."""
    return {
        "docs/api/errors.md": errors_page(),
        "docs/api/events.md": events_page(),
        "docs/api/event-schemas.json": event_schemas_document(),
        "docs/api/permissions.md": permissions_page(),
        "docs/api/openapi.json": openapi_document(),
        "docs/operating/configuration.md": configuration_page(),
    }
