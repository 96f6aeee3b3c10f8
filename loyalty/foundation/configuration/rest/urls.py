"""Addresses of configuration; a domain's own address below ``config/`` goes before those of its section."""

from django.urls import URLPattern, path, re_path

from loyalty.foundation.configuration.rest import views

# dwh, feature-store, dwh/features
SECTION = r"(?P<section>[a-z]+(?:[-/][a-z]+)*)"

routes: list[tuple[str, type, str]] = []
paths: list[URLPattern] = [path("config/get_all/", views.SectionsView.as_view(), name="config-all")]
late_paths: list[URLPattern] = [
    re_path(rf"^config/{SECTION}/test/$", views.SectionTestView.as_view(), name="config-section-test"),
    re_path(rf"^config/{SECTION}/status/$", views.SectionStatusView.as_view(), name="config-section-status"),
    re_path(rf"^config/{SECTION}/versions/$", views.SectionVersionsView.as_view(), name="config-section-versions"),
    re_path(rf"^config/{SECTION}/rollback/$", views.SectionRollbackView.as_view(), name="config-section-rollback"),
    re_path(rf"^config/{SECTION}/$", views.SectionView.as_view(), name="config-section"),
]
