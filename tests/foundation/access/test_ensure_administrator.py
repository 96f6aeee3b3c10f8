"""The way in: `manage ensure_administrator`."""

import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from loyalty.foundation.access.models import User
from loyalty.foundation.audit.models import AuditEntry

PASSWORD = "correct-horse-battery"


def let_in(monkeypatch: pytest.MonkeyPatch, password: str, *arguments: str) -> None:
    """Run the command with this password in the environment."""
    monkeypatch.setenv("LOYALTY_ADMIN_PASSWORD", password)
    call_command("ensure_administrator", "--username", "root", *arguments)


@pytest.mark.django_db
def test_ensure_administrator__new__may_do_everything_and_is_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_file = tmp_path / "token"
    let_in(monkeypatch, PASSWORD, "--token-file", str(token_file))
    assert User.objects.get(username="root").check_password(PASSWORD)
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_file.read_text()}")
    assert client.get("/api/loyalty/v1/users/").status_code == 200
    acts = AuditEntry.objects.filter(actor_name="ensure_administrator").values_list("act", flat=True)
    assert set(acts) == {"access.manage_users", "access.manage_tokens"}


@pytest.mark.django_db
def test_ensure_administrator__password_lost__a_new_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_in(monkeypatch, PASSWORD)
    User.objects.filter(username="root").update(is_active=False)
    let_in(monkeypatch, "another-horse-battery")
    user = User.objects.get(username="root")
    assert user.is_active
    assert user.check_password("another-horse-battery")


@pytest.mark.django_db
def test_ensure_administrator__weak_password__is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError):
        let_in(monkeypatch, "short")
    assert not User.objects.filter(username="root").exists()
