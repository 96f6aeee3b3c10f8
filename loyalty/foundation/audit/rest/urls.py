"""Addresses of audit."""

from django.urls import URLPattern

from loyalty.foundation.audit.rest import views

routes = [("auditLogs", views.AuditLogViewSet, "auditLogs")]
paths: list[URLPattern] = []
