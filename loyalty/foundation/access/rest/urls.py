"""Addresses of access."""

from django.urls import URLPattern, path

from loyalty.foundation.access.rest import roles, tokens, users, views

# These live at /api/auth/, outside of the versioned API, beside those of signing in.
auth_paths: list[URLPattern] = [
    path("me/", views.MeView.as_view(), name="auth-me"),
    path("check-permission/", views.CheckPermissionView.as_view(), name="auth-check-permission"),
]
routes = [
    ("users", users.UserViewSet, "users"),
    ("roles", roles.RoleViewSet, "roles"),
    ("permissions", roles.PermissionViewSet, "permissions"),
    ("rolePermissions", roles.RolePermissionViewSet, "rolePermissions"),
    ("userRoles", roles.UserRoleViewSet, "userRoles"),
    ("apiTokens", tokens.ApiTokenViewSet, "apiTokens"),
    ("partnerApiKeys", tokens.PartnerKeyViewSet, "partnerApiKeys"),
]
paths: list[URLPattern] = []
