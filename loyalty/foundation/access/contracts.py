"""What access tells others."""

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserView:
    """A user of the console or the API."""

    id: uuid.UUID
    username: str
    email: str
    is_active: bool
    roles: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token at the only moment its secret is known."""

    id: uuid.UUID
    secret: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PermissionView:
    """A permission that some domain registered."""

    code: str
    domain: str
    description: str
