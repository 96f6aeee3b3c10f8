"""`manage ensure_administrator`: the way in, for a new installation and for one whose password was lost."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from loyalty.foundation.access import api
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal

PASSWORD_VARIABLE = "LOYALTY_ADMIN_PASSWORD"


class Command(BaseCommand):
    """Create the administrator, or give the one there is the password of the environment."""

    help = f"Create an administrator with the password of {PASSWORD_VARIABLE}, or give an existing one this password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name, and where a new API token goes."""
        parser.add_argument("--username", default="admin")
        parser.add_argument("--email", default="admin@khaywe.example")
        parser.add_argument("--token-file", type=Path, help="issue an API token into this new file (mode 0600)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create or renew, then issue the token."""
        password = os.environ.get(PASSWORD_VARIABLE, "")
        token_file: Path | None = options["token_file"]
        try:
            with transaction.atomic():
                user = api.ensure_administrator(username=options["username"], password=password, email=options["email"])
                self._note(user, "access.manage_users", {"username": user.username, "roles": list(user.roles)})
                if token_file is not None:
                    token = api.create_token(user_id=user.id, name="launcher", now=clock.now())
                    self._note(user, "access.manage_tokens", {"token": str(token.id)})
                    write_new(token_file, token.secret)
        except Refusal as refusal:
            raise CommandError(refusal.detail, returncode=2) from refusal

    @staticmethod
    def _note(user: api.UserView, act: str, after: dict[str, Any]) -> None:
        audit.record(
            actor=system_actor("ensure_administrator"),
            act=act,
            subject_kind="user",
            subject_ref=str(user.id),
            at=clock.now(),
            after=after,
        )


def write_new(path: Path, secret: str) -> None:
    """Write a secret into a file that was not there before and that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(secret)
