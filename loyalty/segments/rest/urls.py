"""Addresses of segments."""

from django.urls import URLPattern, path

from loyalty.segments.rest import insights, views

paths: list[URLPattern] = [
    path("segments/preview/", views.UnsavedPreviewView.as_view(), name="segments-unsaved-preview"),
    path("segments/explain/", insights.UnsavedExplanationView.as_view(), name="segments-unsaved-explanation"),
    path("segments/overlap/", insights.OverlapView.as_view(), name="segments-overlap"),
    path("segments/recalculate/", insights.TogetherView.as_view(), name="segments-recalculate-together"),
]
routes = [
    ("segments", views.SegmentViewSet, "segments"),
    ("segmentMembers", views.SegmentMemberViewSet, "segmentMembers"),
    ("segmentSnapshots", views.SegmentSnapshotViewSet, "segmentSnapshots"),
]
