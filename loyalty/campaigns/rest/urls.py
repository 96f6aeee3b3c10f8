"""Addresses of campaigns."""

from django.urls import URLPattern, path

from loyalty.campaigns.rest import views

routes = [
    ("campaigns", views.CampaignViewSet, "campaigns"),
    ("campaignExecutions", views.CampaignExecutionViewSet, "campaignExecutions"),
]
paths: list[URLPattern] = [
    path("campaigns/kinds/", views.CampaignKindsView.as_view(), name="campaigns-kinds"),
]
