"""Each route declares its permission; a route that declares none is closed to everyone."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from loyalty.foundation.kernel.errors import Forbidden, NotFound
from loyalty.foundation.kernel.grants import Grant, everywhere
from loyalty.foundation.web import scoping

# Declared by a route that asks for no permission, only for a known user.
SIGNED_IN = "signed-in"
# Declared by a route that anyone may call; it must defend itself.
PUBLIC = "public"


class PermissionMissing(Forbidden):
    """The user or the token lacks the permission that the route declares."""

    code = "permission.missing"
    title = "Not allowed"


def grant_for(request: Request, code: str) -> Grant | None:
    """Give a permission as the caller holds it: the user's roles, narrowed by the scopes of the token; None without.

    A user has ``grant_for(code)``, a token or a signing source ``has_permission(code)``.
    """
    grant: Grant | None = None
    for holder in (request.user, request.auth):
        # Asked by name: checking an instance against a protocol costs more than the answer.
        granted, permitted = getattr(holder, "grant_for", None), getattr(holder, "has_permission", None)
        if granted is not None:
            grant = granted(code)
            if grant is None:
                return None
        elif permitted is not None:
            if not permitted(code):
                return None
            grant = grant or everywhere(code)
    return grant


def require(request: Request, code: str) -> Grant:
    """Give the caller's grant of a permission that depends on what is asked, kept within its bounds.

    :raises PermissionMissing: the caller does not hold it.
    :raises NotFound, ScopeUnsupported, ScopeNotNamed, LimitExceeded: the request leaves its bounds.
    """
    grant = grant_for(request, code)
    if grant is None:
        raise PermissionMissing(f"This needs the permission {code}.", permission=code)
    scoping.check(request, request.parser_context["view"], grant)
    if getattr(request, "grant", None) is None:
        request.grant = grant  # type: ignore[attr-defined]
    return grant


def holds(request: Request, code: str) -> bool:
    """Tell whether the caller holds a permission for all that the request is about."""
    try:
        require(request, code)
    except (Forbidden, NotFound, scoping.ScopeNotNamed):
        return False
    return True


class DeclaredPermission(BasePermission):
    """Checks the permission that the view declares for its action or method, and keeps the call within its bounds."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the call may go on; ``request.grant`` is the permission as the caller holds it.

        :raises PermissionMissing: known, but not allowed; names the permission.
        :raises NotFound, ScopeUnsupported, ScopeNotNamed, LimitExceeded: the request leaves the bounds of the grant.
        """
        name = getattr(view, "action", None) or (request.method or "").lower()
        declared: dict[str, str] = getattr(view, "permissions", {})
        code = declared.get(name)
        request.grant = None  # type: ignore[attr-defined]
        if name in ("options", "metadata") or (code is None and not hasattr(view, name)):
            return True  # an unknown method is answered 405 by the view itself
        if code == PUBLIC:
            return True
        if not getattr(request.user, "is_authenticated", False):
            return False
        if code is None:
            raise PermissionMissing("This route declares no permission and is closed.")
        if code == SIGNED_IN:
            return True
        grant = grant_for(request, code)
        if grant is None:
            raise PermissionMissing(f"This needs the permission {code}.", permission=code)
        request.grant = grant  # type: ignore[attr-defined]
        scoping.check(request, view, grant)
        return True
