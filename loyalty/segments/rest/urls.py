"""Addresses of segments."""

from django.urls import URLPattern, path

from loyalty.segments.rest import views

paths: list[URLPattern] = [
    path("segments/preview/", views.UnsavedPreviewView.as_view(), name="segments-unsaved-preview"),
]
routes = [
    ("segments", views.SegmentViewSet, "segments"),
    ("segmentMembers", views.SegmentMemberViewSet, "segmentMembers"),
    ("segmentSnapshots", views.SegmentSnapshotViewSet, "segmentSnapshots"),
]
