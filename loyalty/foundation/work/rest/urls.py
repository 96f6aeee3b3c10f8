"""Addresses of work."""

from django.urls import URLPattern

from loyalty.foundation.work.rest import views

routes = [("runs", views.RunViewSet, "runs")]
paths: list[URLPattern] = []
