"""Reads the promises out of the code itself, so that the docs cannot tell something else."""

import dataclasses
import json
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, TypeVar

from drf_spectacular.generators import SchemaGenerator

import loyalty
from loyalty.foundation.access.api import list_permissions
from loyalty.foundation.events.api import Fact, subscriptions
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.web.problems import FRAMEWORK_CODES, status_of

Kind = TypeVar("Kind")

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
    listeners: dict[str, list[str]] = {}
    for subscription in subscriptions():
        listeners.setdefault(subscription.event_type, []).append(subscription.name)
    lines = []
    for kind in sorted(
        (kind for kind in _descendants(Fact) if _is_ours(kind) and isinstance(vars(kind).get("type"), str)),
        key=lambda kind: str(vars(kind)["type"]),
    ):
        fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(kind))
        heard = ", ".join(f"`{name}`" for name in listeners.get(vars(kind)["type"], [])) or "—"
        lines.append(
            f"| `{vars(kind)['type']}` | {vars(kind).get('version', 1)} | {_sentence(kind)} | {fields} | {heard} |"
        )
    head = f"# Events\n\n{GENERATED}\n\n| type | version | meaning | data | handled by |\n|---|---|---|---|---|\n"
    return head + "\n".join(lines) + "\n"


def permissions_page() -> str:
    """Write the catalogue of permissions."""
    lines = [f"| `{view.code}` | {view.description} |" for view in list_permissions()]
    return f"# Permissions\n\n{GENERATED}\n\n| permission | lets one |\n|---|---|\n" + "\n".join(lines) + "\n"


def openapi_document() -> str:
    """Write the OpenAPI document."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(schema, indent=1, sort_keys=True, default=str, ensure_ascii=False) + "\n"


def pages() -> dict[str, str]:
    """Give every generated file: path from the project's root, and text."""
    return {
        "docs/api/errors.md": errors_page(),
        "docs/api/events.md": events_page(),
        "docs/api/permissions.md": permissions_page(),
        "docs/api/openapi.json": openapi_document(),
    }
