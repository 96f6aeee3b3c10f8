"""Addresses of access."""

from django.urls import URLPattern, path

from loyalty.foundation.access.rest import roles, tokens, users, views

# The signing-in routes live at /api/auth/, outside of the versioned API.
auth_paths: list[URLPattern] = [
    path("login/", views.LoginView.as_view(), name="auth-login"),
    path("logout/", views.LogoutView.as_view(), name="auth-logout"),
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
