"""Filters of the lists of programs: named fields only."""

import django_filters

from loyalty.programs.contracts import ProgramStatus
from loyalty.programs.models import EarnCapRow, ExpiryRuleRow, Program, RuleRow, Tier


class ProgramFilter(django_filters.FilterSet):
    """By state, code and part of the name."""

    status = django_filters.ChoiceFilter(choices=[(status.value, status.value) for status in ProgramStatus])
    code = django_filters.CharFilter(field_name="code")
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains")

    class Meta:
        model = Program
        fields: list[str] = []


class OfProgramFilter(django_filters.FilterSet):
    """By program."""

    program = django_filters.UUIDFilter(field_name="program__public_id")


class TierFilter(OfProgramFilter):
    """Tiers by program and code."""

    code = django_filters.CharFilter(field_name="code")

    class Meta:
        model = Tier
        fields: list[str] = []


class RuleFilter(OfProgramFilter):
    """Rules by program and kind."""

    kind = django_filters.ChoiceFilter(field_name="kind", choices=[("earn", "earn"), ("burn", "burn")])

    class Meta:
        model = RuleRow
        fields: list[str] = []


class EarnCapFilter(OfProgramFilter):
    """Caps by program."""

    class Meta:
        model = EarnCapRow
        fields: list[str] = []


class ExpiryRuleFilter(OfProgramFilter):
    """Expiry rules by program."""

    class Meta:
        model = ExpiryRuleRow
        fields: list[str] = []
