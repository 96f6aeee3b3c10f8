"""Rules for passwords that Django's own validators leave open; the settings list them beside those."""

from typing import Any

from django.core.exceptions import ValidationError

# A shorter name stands by chance in many a good password.
NAME_LENGTH_MIN = 4


class NotTheUserName:
    """Refuses a password that contains the user's name or the name in their e-mail address."""

    def validate(self, password: str, user: Any = None) -> None:
        """Look for the names, whatever the case of the letters.

        :raises ValidationError: one of them stands in the password.
        """
        email = str(getattr(user, "email", "") or "")
        names = {str(getattr(user, "username", "") or ""), email, email.partition("@")[0]}
        if any(len(name) >= NAME_LENGTH_MIN and name.casefold() in password.casefold() for name in names):
            raise ValidationError("The password contains your name.", code="password_contains_name")

    def get_help_text(self) -> str:
        """Say the rule."""
        return "Your password must not contain your user name."
