"""Addresses of programs."""

from django.urls import URLPattern

from loyalty.programs.rest import views

routes = [
    ("loyaltyPrograms", views.ProgramViewSet, "loyaltyPrograms"),
    ("loyaltyTiers", views.TierViewSet, "loyaltyTiers"),
    ("loyaltyRules", views.RuleViewSet, "loyaltyRules"),
    ("earnCaps", views.EarnCapViewSet, "earnCaps"),
    ("pointsExpiryRules", views.ExpiryRuleViewSet, "pointsExpiryRules"),
]
paths: list[URLPattern] = []
