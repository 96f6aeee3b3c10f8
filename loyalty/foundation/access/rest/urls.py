"""Addresses of access."""

from django.urls import URLPattern, path

from loyalty.foundation.access.rest import views

# The signing-in routes live at /api/auth/, outside of the versioned API.
auth_paths: list[URLPattern] = [
    path("login/", views.LoginView.as_view(), name="auth-login"),
    path("logout/", views.LogoutView.as_view(), name="auth-logout"),
    path("me/", views.MeView.as_view(), name="auth-me"),
    path("check-permission/", views.CheckPermissionView.as_view(), name="auth-check-permission"),
]
routes = [
    ("users", views.UserViewSet, "users"),
    ("roles", views.RoleViewSet, "roles"),
    ("permissions", views.PermissionViewSet, "permissions"),
    ("apiTokens", views.ApiTokenViewSet, "apiTokens"),
]
paths: list[URLPattern] = []
