"""Each route declares its permission; a route that declares none is closed to everyone."""

from typing import Any, Protocol, runtime_checkable

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from loyalty.foundation.kernel.errors import Forbidden

# Declared by a route that asks for no permission, only for a known user.
SIGNED_IN = "signed-in"
# Declared by a route that anyone may call; it must defend itself.
PUBLIC = "public"


class PermissionMissing(Forbidden):
    """The user or the token lacks the permission that the route declares."""

    code = "permission.missing"
    title = "Not allowed"


@runtime_checkable
class Permitted(Protocol):
    """A user or a token that knows what it may."""

    def has_permission(self, code: str) -> bool:
        """Tell whether the permission is held."""
        ...


class DeclaredPermission(BasePermission):
    """Checks the permission that the view declares for its action or method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the call may go on.

        :raises PermissionMissing: known, but not allowed; names the permission.
        """
        name = getattr(view, "action", None) or (request.method or "").lower()
        declared: dict[str, str] = getattr(view, "permissions", {})
        code = declared.get(name)
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
        holders = [holder for holder in (request.user, request.auth) if isinstance(holder, Permitted)]
        if not holders or not all(holder.has_permission(code) for holder in holders):
            raise PermissionMissing(f"This needs the permission {code}.", permission=code)
        return True
