"""Every address of the platform, collected from the domains."""

from importlib import import_module

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from loyalty.config import pages
from loyalty.foundation.access.rest.urls import auth_paths as access_paths
from loyalty.foundation.signing_in.rest.urls import auth_paths as signing_in_paths
from loyalty.foundation.web import problems

router = SimpleRouter()
versioned: list[URLPattern | URLResolver] = []
early_paths: list[URLPattern | URLResolver] = []
root_paths: list[URLPattern | URLResolver] = []
late_paths: list[URLPattern | URLResolver] = []
for app in apps.get_app_configs():
    if not app.name.startswith("loyalty.") or not (pages.package_folder(app.name) / "rest" / "urls.py").exists():
        continue
    addresses = import_module(f"{app.name}.rest.urls")
    for prefix, view_set, basename in addresses.routes:
        router.register(prefix, view_set, basename=basename)
    versioned += addresses.paths
    # Addresses that are asked far more often than all others.
    early_paths += getattr(addresses, "early_paths", [])
    # Public pages outside of the API, such as the unsubscribe page.
    root_paths += getattr(addresses, "root_paths", [])
    # Addresses with a name in them, which give way to every domain's own.
    late_paths += getattr(addresses, "late_paths", [])

urlpatterns = [
    path("api/auth/", include([*access_paths, *signing_in_paths])),
    path("api/loyalty/v1/", include([*early_paths, *versioned, *router.urls, *late_paths])),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    *root_paths,
    # Nothing is done there, so a write to no address is told just that, whether or not it carries a CSRF token.
    re_path(r"^api/.*$", csrf_exempt(problems.page_not_found)),
    re_path(r"^(?!api/|assets/|static/).*$", pages.console, name="console"),
]

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.page_not_found
handler500 = problems.server_error
