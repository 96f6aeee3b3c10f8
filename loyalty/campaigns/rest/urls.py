"""Addresses of campaigns."""

from django.urls import URLPattern

from loyalty.campaigns.rest import views

routes = [
    ("campaigns", views.CampaignViewSet, "campaigns"),
    ("campaignExecutions", views.CampaignExecutionViewSet, "campaignExecutions"),
]
paths: list[URLPattern] = []
