"""Addresses of audit."""

from django.urls import URLPattern, path

from loyalty.foundation.audit.rest import views

routes = [("auditLogs", views.AuditLogViewSet, "auditLogs")]
paths: list[URLPattern] = [
    path("auditLogs/export/", views.AuditExportView.as_view(), name="auditLogs-export"),
    path("auditLogs/verify/", views.AuditVerifyView.as_view(), name="auditLogs-verify"),
]
