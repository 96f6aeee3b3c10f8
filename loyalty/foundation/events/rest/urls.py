"""Addresses of events."""

from django.urls import URLPattern

from loyalty.foundation.events.rest import views

routes = [
    ("eventTypes", views.EventTypeViewSet, "eventTypes"),
    ("events", views.EventViewSet, "events"),
    ("deadLetters", views.DeadLetterViewSet, "deadLetters"),
]
paths: list[URLPattern] = []
