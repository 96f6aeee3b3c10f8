"""Addresses of journeys."""

from django.urls import URLPattern, path

from loyalty.journeys.rest import (
    analytics,
    comparing,
    exchange,
    executions,
    kinds,
    parts,
    starting,
    trying,
    versions,
    views,
)

routes = [
    ("journeys", views.JourneyViewSet, "journeys"),
    ("journeyExecutions", executions.JourneyExecutionViewSet, "journeyExecutions"),
]
paths: list[URLPattern] = [
    *kinds.paths,
    *starting.paths,
    *trying.paths,
    *analytics.paths,
    *exchange.paths,
    *comparing.paths,
    *parts.paths,
    path("journeys/stuck/", executions.StuckView.as_view(), name="journeys-stuck"),
    path(
        "journeys/executions/<str:execution_id>/continue/", executions.ContinueView.as_view(), name="journeys-continue"
    ),
    path("journeys/<str:id>/versions/", versions.VersionsView.as_view(), name="journeys-versions"),
    path("journeys/<str:id>/versions/<int:number>/", versions.VersionView.as_view(), name="journeys-version"),
    path("journeys/<str:id>/versions/<int:number>/restore/", versions.RestoreView.as_view(), name="journeys-restore"),
]
