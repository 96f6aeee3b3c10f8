"""What programs refuse."""

from loyalty.foundation.kernel.errors import Conflict, NotFound, Unprocessable
from loyalty.foundation.web.etag import EditConflict

__all__ = [
    "EditConflict",
    "MembershipNotFound",
    "ProgramCodeTaken",
    "ProgramInUse",
    "ProgramInvalid",
    "ProgramNotActive",
    "ProgramNotFound",
    "TierNotFound",
    "VersionBegun",
    "VersionNotFound",
]


class ProgramInvalid(Unprocessable):
    """The document contradicts itself or names something that does not exist; ``problems`` say where."""

    code = "program.invalid"
    title = "The program is not valid"


class ProgramNotFound(NotFound):
    """There is no such program."""

    code = "program.not_found"
    title = "No such program"


class ProgramCodeTaken(Conflict):
    """Another program has this code."""

    code = "program.code_taken"
    title = "The code is taken"


class ProgramNotActive(Conflict):
    """The program is not active, or the day lies outside of its dates."""

    code = "program.not_active"
    title = "The program is not active"


class ProgramInUse(Conflict):
    """The program has been used, so it cannot be deleted or fall back to a draft."""

    code = "program.in_use"
    title = "The program is in use"


class VersionNotFound(NotFound):
    """The program has no version of that number."""

    code = "program.version_not_found"
    title = "No such version"


class VersionBegun(Conflict):
    """The version counts already, so it cannot be taken back."""

    code = "program.version_begun"
    title = "The version has begun"


class MembershipNotFound(NotFound):
    """The customer is not a member of the program."""

    code = "program.membership_not_found"
    title = "Not a member"


class TierNotFound(NotFound):
    """The program has no tier of that code."""

    code = "program.tier_not_found"
    title = "No such tier"
