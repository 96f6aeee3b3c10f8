"""Bodies of the routes of signing in."""

from rest_framework import serializers

from loyalty.foundation.web.serializers import StrictSerializer

PASSWORD_LENGTH_MAX = 200


class LoginWrite(StrictSerializer):
    """User name and password, and a code of the second factor if it is at hand."""

    username = serializers.CharField(max_length=100)
    password = serializers.CharField(max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False)
    code = serializers.RegexField(r"^[0-9 ]{6,8}$", required=False, default="")


class SignedInUser(serializers.Serializer):  # type: ignore[type-arg]
    """Who signed in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())


class LoginAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """A sign-in that succeeded; no token while the session may do nothing but be completed."""

    token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField()
    user = SignedInUser()
    must_change_password = serializers.BooleanField()
    second_factor_due = serializers.BooleanField()


class ChallengeFacts(serializers.Serializer):  # type: ignore[type-arg]
    """What carries a right password to the request with the code."""

    challenge = serializers.CharField()
    expires_at = serializers.DateTimeField()
    kinds = serializers.ListField(child=serializers.CharField())


class ChallengeAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """The password was right and a code is still needed."""

    second_factor = ChallengeFacts()


class SecondStepWrite(StrictSerializer):
    """The code that a challenge asks for, or a recovery code."""

    challenge = serializers.CharField(max_length=1000)
    code = serializers.RegexField(r"^[0-9 ]{6,8}$", required=False, default="")
    recovery_code = serializers.CharField(max_length=50, required=False, default="")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Ask for one of the two."""
        if bool(attrs["code"]) == bool(attrs["recovery_code"]):
            raise serializers.ValidationError({"code": ["Give a code or a recovery code."]})
        return attrs


class StepUpWrite(StrictSerializer):
    """A fresh proof: the password, or a code."""

    password = serializers.CharField(
        max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False, required=False, default="", allow_blank=True
    )
    code = serializers.RegexField(r"^[0-9 ]{6,8}$", required=False, default="")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Ask for one of the two."""
        if bool(attrs["code"]) == bool(attrs["password"]):
            raise serializers.ValidationError({"password": ["Give the password or a code."]})
        return attrs


class CodeWrite(StrictSerializer):
    """A code of the app."""

    code = serializers.RegexField(r"^[0-9 ]{6,8}$")


class FactorAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """How the own second factor stands."""

    is_enrolled = serializers.BooleanField()
    enrolled_at = serializers.DateTimeField(allow_null=True)
    is_required = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField()


class EnrolmentAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """What an authenticator app needs, as text, as an address and as a picture."""

    secret = serializers.CharField()
    uri = serializers.CharField()
    qr_svg = serializers.CharField()


class RecoveryCodesAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """Recovery codes, told once."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class PasswordWrite(StrictSerializer):
    """The present password and the next one."""

    old_password = serializers.CharField(max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False)
    new_password = serializers.CharField(max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False)


class ResetWrite(StrictSerializer):
    """A token that an administrator gave, and the password to set."""

    token = serializers.CharField(max_length=100)
    new_password = serializers.CharField(max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False)


class PasswordRules(serializers.Serializer):  # type: ignore[type-arg]
    """What a password must be."""

    length_min = serializers.IntegerField()
    length_max = serializers.IntegerField()
    history = serializers.IntegerField()


class ForgottenWrite(StrictSerializer):
    """Who forgot their password."""

    username = serializers.CharField(max_length=150)


class PasswordAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """How the own password stands."""

    has_password = serializers.BooleanField()
    changed_at = serializers.DateTimeField(allow_null=True)
    must_change = serializers.BooleanField()
    rules = PasswordRules()


class SessionRow(serializers.Serializer):  # type: ignore[type-arg]
    """One open session."""

    id = serializers.UUIDField(source="public_id")
    is_current = serializers.BooleanField(default=False)
    kind = serializers.CharField()
    created_at = serializers.DateTimeField(source="began_at")
    last_seen_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    address = serializers.CharField()
    agent = serializers.CharField()
    has_second_factor = serializers.BooleanField()


class SessionsAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """The open sessions, the newest first."""

    results = SessionRow(many=True)


class EndedAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """How many sessions were ended."""

    ended = serializers.IntegerField()


class ResetTokenAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """The token of a password reset, told once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class SignInStateAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """How somebody signs in."""

    has_password = serializers.BooleanField()
    password_changed_at = serializers.DateTimeField(allow_null=True)
    must_change_password = serializers.BooleanField()
    has_second_factor = serializers.BooleanField()
    is_slowed_until = serializers.DateTimeField(allow_null=True)
    sessions = SessionRow(many=True)


class EndSessionAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """Where the browser goes to sign out of the identity provider too."""

    end_session_url = serializers.CharField()


class ProviderAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """Whether one can sign in by an identity provider, and what to call it."""

    is_enabled = serializers.BooleanField()
    name = serializers.CharField()
