"""What access refuses."""

from loyalty.foundation.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated


class CredentialsInvalid(Unauthenticated):
    """User name and password do not fit together, or the user is switched off."""

    code = "credentials.invalid"
    title = "User name or password not accepted"


class TokenInvalid(Unauthenticated):
    """The token is unknown or revoked."""

    code = "token.invalid"
    title = "Token not accepted"


class TokenExpired(Unauthenticated):
    """The token was good until a moment that has passed."""

    code = "token.expired"
    title = "Token expired"


class RoleUnknown(Invalid):
    """A role code that does not exist."""

    code = "role.unknown"
    title = "Unknown role"


class PermissionUnknown(Invalid):
    """A permission that no domain registered."""

    code = "permission.unknown"
    title = "Unknown permission"


class UserNameTaken(Conflict):
    """Another user has this name."""

    code = "user.name_taken"
    title = "User name taken"


class RoleCodeTaken(Conflict):
    """Another role has this code."""

    code = "role.code_taken"
    title = "Role code taken"


class PasswordTooWeak(Invalid):
    """The password breaks the policy."""

    code = "password.too_weak"
    title = "Password too weak"


class GrantBeyondOwn(Forbidden):
    """Nobody grants what they do not hold themselves."""

    code = "grant.beyond_own"
    title = "You cannot grant what you do not hold"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user.not_found"
    title = "User not found"


class RoleIsShipped(Conflict):
    """A role that ships with the product stays as it is."""

    code = "role.is_shipped"
    title = "This role ships with the product"


class RoleInUse(Conflict):
    """Somebody holds the role."""

    code = "role.in_use"
    title = "Somebody holds this role"


class LastAdministrator(Conflict):
    """Nobody would be left who may do everything."""

    code = "user.last_administrator"
    title = "The last administrator"


class NetworkInvalid(Invalid):
    """A text that should name an address or a network does not."""

    code = "network.invalid"
    title = "Not an address or network"


class TokenAlreadyRotated(Conflict):
    """The token has a successor already."""

    code = "token.already_rotated"
    title = "Token already replaced"
