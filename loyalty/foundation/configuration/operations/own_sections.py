"""The sections that belong to no domain: calls to other systems, and the system itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from loyalty.foundation.configuration.contracts import Field, FieldType, SectionSpec
from loyalty.foundation.configuration.queries import read, setting
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress

PARTS = ("networks", "ports", "schemes", "hosts")


def _policy(values: Mapping[str, Any]) -> egress.Policy:
    words = {part: tuple(values[part]) for part in PARTS}
    return egress.read_policy(**words, ca_file=settings.LOYALTY_EGRESS_CA_FILE)


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    try:
        _policy(values)
    except egress.PolicyInvalid as fault:
        return [FieldProblem(fault.field, "invalid", str(fault))]
    return []


def egress_policy() -> egress.Policy:
    """Give what counts now for calls to other systems."""
    return _policy(read("egress"))


EGRESS = SectionSpec(
    code="egress",
    title="Calls to other systems",
    title_in={"ar": "الاتصال بالأنظمة الأخرى"},
    description=(
        "What calls that leave the platform may reach. Each word may be for calls of one purpose only: "
        "warehouse=10.20.0.0/16."
    ),
    fields=(
        Field(
            "networks",
            FieldType.LIST,
            "Networks that are not public and may be called",
            setting("LOYALTY_EGRESS_NETWORKS"),
            "LOYALTY_EGRESS_NETWORKS",
            "Addresses of a cloud's metadata are allowed only where they are named by themselves, with /32.",
        ),
        Field("ports", FieldType.LIST, "Ports", setting("LOYALTY_EGRESS_PORTS"), "LOYALTY_EGRESS_PORTS"),
        Field("schemes", FieldType.LIST, "Protocols", setting("LOYALTY_EGRESS_SCHEMES"), "LOYALTY_EGRESS_SCHEMES"),
        Field(
            "hosts",
            FieldType.LIST,
            "Hosts",
            setting("LOYALTY_EGRESS_HOSTS"),
            "LOYALTY_EGRESS_HOSTS",
            "bss.example, *.example.com, or * for all.",
        ),
    ),
    validate=_problems,
    needs_approval=True,
)

# Domains add their own fields to it (extend_section).
SYSTEM = SectionSpec(
    code="system",
    title="System settings",
    title_in={"ar": "إعدادات النظام"},
    description="Limits of the whole platform.",
    fields=(),
)
