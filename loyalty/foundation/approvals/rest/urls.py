"""Addresses of approvals."""

from django.urls import URLPattern

from loyalty.foundation.approvals.rest import views

routes = [
    ("approvalWorkflows", views.WorkflowViewSet, "approvalWorkflows"),
    ("approvalRequests", views.RequestViewSet, "approvalRequests"),
    ("approvalDecisions", views.DecisionViewSet, "approvalDecisions"),
    ("approvalDelegations", views.DelegationViewSet, "approvalDelegations"),
]
paths: list[URLPattern] = []
