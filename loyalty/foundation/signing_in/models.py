"""Tables of signing in; secrets are kept as hashes, and where they must be read again, sealed."""

from django.conf import settings
from django.db import models

from loyalty.foundation.orm.models import PublicModel


class PasswordState(models.Model):
    """What is known of a user's password beside its hash; no row: nothing special."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    changed_at = models.DateTimeField(null=True)
    must_change = models.BooleanField(default=False)
    reset_digest = models.BinaryField(max_length=32, null=True, unique=True)
    reset_expires_at = models.DateTimeField(null=True)
    # A reset was asked for by mail and its letter has not gone yet.
    reset_asked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["reset_asked_at"],
                name="signing_in_reset_asked",
                condition=models.Q(reset_asked_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"password of {self.user_id}"


class FormerPassword(models.Model):
    """The hash of a password that was replaced, so that it does not come back at once."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    encoded = models.CharField(max_length=200)
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"former password of {self.user_id}"


class Session(PublicModel):
    """A browser's session. The cookie's key is kept as a hash; ``data`` is what Django signs and keeps in it."""

    digest = models.BinaryField(max_length=32, unique=True)
    data = models.TextField(blank=True, default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=10, blank=True, default="")
    began_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=30, blank=True, default="")
    proved_at = models.DateTimeField(null=True)
    has_second_factor = models.BooleanField(default=False)
    limited_by = models.CharField(max_length=20, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")
    agent = models.CharField(max_length=200, blank=True, default="")
    # The bearer token that the sign-in answered with; it ends with the session.
    token_ref = models.UUIDField(null=True)
    # What the provider asks to hear again when the person signs out.
    provider_hint = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="signing_in_session_user"),
            models.Index(fields=["expires_at"], name="signing_in_session_expiry"),
            models.Index(fields=["token_ref"], name="signing_in_session_token"),
        ]

    def __str__(self) -> str:
        return f"session {self.public_id}"


class SecondFactor(models.Model):
    """A user's TOTP secret, sealed; ``last_step`` is the newest time step whose code was taken."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    sealed = models.BinaryField()
    began_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """The hash of one code that stands in for the second factor, once."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="signing_in_recovery_code_once")]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class KnownDevice(models.Model):
    """A browser that signed in to the account before; strangers' attempts do not slow it down."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="signing_in_device_once")]

    def __str__(self) -> str:
        return f"device of {self.user_id}"


class Counter(models.Model):
    """How many permits of a limit were taken within a window; the second count beside Redis."""

    key = models.CharField(max_length=200, primary_key=True)
    taken = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.taken}"


class ProviderFlow(models.Model):
    """A sign-in that was sent to the identity provider and has not come back; used up by coming back."""

    id = models.BigAutoField(primary_key=True)
    state_digest = models.BinaryField(max_length=32, unique=True)
    browser_digest = models.BinaryField(max_length=32)
    nonce = models.CharField(max_length=64)
    verifier = models.CharField(max_length=128)
    next_path = models.CharField(max_length=500)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"flow {self.id}"


class ProviderIdentity(models.Model):
    """Which user a subject of an identity provider is; names and addresses may change, the subject does not."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    signed_in_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="signing_in_identity_once")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
