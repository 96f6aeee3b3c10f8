"""What signing in refuses."""

from loyalty.foundation.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class CredentialsInvalid(Unauthenticated):
    """User name and password do not fit together, or the user is switched off."""

    code = "credentials.invalid"
    title = "User name or password not accepted"


class SignInSlowed(TooMany):
    """Too many wrong attempts for this account or from this address; the password was not even looked at."""

    code = "sign_in.slowed"
    title = "Too many attempts"


class SecondFactorInvalid(Unauthenticated):
    """The code is wrong, was used already, or belongs to a sign-in that is too old."""

    code = "second_factor.invalid"
    title = "Code not accepted"


class SecondFactorEnrolled(Conflict):
    """There is a second factor already; it must be removed first."""

    code = "second_factor.enrolled"
    title = "Second factor already set up"


class SecondFactorMissing(Conflict):
    """There is no second factor, or it was never confirmed."""

    code = "second_factor.missing"
    title = "No second factor"


class SecondFactorRequired(Conflict):
    """A role of this user demands a second factor, so it cannot be removed."""

    code = "second_factor.required"
    title = "Second factor is required"


class SecondFactorDue(Forbidden):
    """A role of this user demands a second factor, and until it is set up nothing else can be done."""

    code = "second_factor.enrolment_required"
    title = "Set up a second factor first"


class PasswordChangeDue(Forbidden):
    """The password must be changed before anything else can be done."""

    code = "password.change_required"
    title = "Change the password first"


class PasswordUsedBefore(Invalid):
    """The new password is the present one or one of the last."""

    code = "password.used_before"
    title = "Password used before"


class PasswordWrong(Forbidden):
    """The present password, asked for as a proof, is not right."""

    code = "password.wrong"
    title = "Password not right"


class PasswordMissing(Conflict):
    """The user signs in by the identity provider and has no password here."""

    code = "password.missing"
    title = "No password"


class ResetTokenInvalid(Invalid):
    """The token of a password reset is unknown, used or too old."""

    code = "password.reset_invalid"
    title = "Reset token not accepted"


class StepUpRequired(Forbidden):
    """The act is sensitive and the last proof of who is there is too old; prove it again and repeat the request."""

    code = "step_up.required"
    title = "Prove again who you are"


class SignInNeeded(Forbidden):
    """The act is about a person's own sign-in, and a program asks with a token; its scopes do not reach there."""

    code = "sign_in.needed"
    title = "Only for who has signed in"


class SessionNotFound(NotFound):
    """There is no such session that is still open."""

    code = "session.not_found"
    title = "Session not found"


class ProviderOff(NotFound):
    """No identity provider is set up."""

    code = "oidc.off"
    title = "No identity provider"


class ProviderAnswerInvalid(Unauthenticated):
    """What came back from the identity provider does not belong to a sign-in that began here, or cannot be trusted."""

    code = "oidc.refused"
    title = "Sign-in by the identity provider refused"


class IdentityUnknown(Forbidden):
    """The provider knows the person, but no user here belongs to them and none is made."""

    code = "oidc.user_unknown"
    title = "No user for this identity"
