"""Fixtures shared by all tests: people with permissions, API clients, an instant."""

import gc
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import pytest
from django.core.management.commands import flush
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.access.operations import create_token
from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.resilience import egress
from tests import sharing

ClientWith = Callable[..., APIClient]

# The same examples in every run, and no deadline: neither chance nor a busy machine may fail a run that nobody's change
# made wrong. To look for what these examples do not find: pytest --hypothesis-profile=default.
hypothesis.settings.load_profile("ci")
# Shipped rows that migrations seed; a test that commits leaves them in place.
SEEDED_TABLES = {
    *("django_migrations", "django_content_type", "auth_permission", "access_role", "access_rolepermission"),
    # The positions of the set bits of every byte.
    "segments_segmentbit",
}


def empty_tables(style: object, *arguments: Any, **options: Any) -> list[str]:
    """Give the statements that empty every table after a test that committed.

    Append-only tables refuse it, so the triggers are switched off for these statements, and the seeded rows stay,
    because migrations do not run again. A test fills few tables with few rows: deleting those is several times quicker
    than giving every table new files, which is what TRUNCATE does.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(c.relname) FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND c.relnamespace = 'public'::regnamespace AND NOT c.relname = ANY(%s)",
            [list(SEEDED_TABLES)],
        )
        looks = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(looks))
        filled = [name for (name,) in cursor.fetchall()]
    return [
        # Not even its owner may empty the audit log; here, and only here, it is given the right for a moment.
        "GRANT DELETE ON audit_auditentry, audit_block TO CURRENT_USER",
        "SET session_replication_role = replica",
        *(f"DELETE FROM {name}" for name in filled),
        # Of the roles only those that a test made; the next test may make one of the same code.
        "DELETE FROM access_rolepermission WHERE role_id IN (SELECT id FROM access_role WHERE NOT is_shipped)",
        "DELETE FROM access_role WHERE NOT is_shipped",
        "SET session_replication_role = DEFAULT",
        "REVOKE DELETE ON audit_auditentry, audit_block FROM CURRENT_USER",
    ]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer another order of the tests than the usual one."""
    parser.addoption("--order-seed", default=None, help="order files, and the tests of each, as this seed has it")


def pytest_configure(config: pytest.Config) -> None:
    """Have the process that tells the outcome look for tests that were left out.

    Nothing that is loaded for the tests is ever given back, so looking for garbage among it is a fifth of the loading.
    """
    gc.disable()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(sharing.Whole())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing.ByFile | None:
    """Share the tests file by file where a run says ``--dist loadfile``."""
    return sharing.ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long, or with whatever the seed says."""
    seed = config.getoption("order_seed")
    items[:] = sharing.long_ones_first(items) if seed is None else sharing.by_chance(items, seed)


def pytest_collection_finish() -> None:
    """Look for garbage again, as seldom as the platform does, and not among what was there before the first test."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def flush_knows_append_only_tables() -> Iterator[None]:
    """Have Django's flush use our statements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", empty_tables)
        # What Django seeds after a migration (content types, permissions) is never emptied.
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments: None)
        yield


@pytest.fixture(autouse=True)
def limits_of_its_own(settings: Any) -> None:
    """Let each test begin with no request counted yet; what is counted lies outside of the database."""
    settings.LOYALTY_LIMITS_PREFIX = f"khaywe:test:{secrets.token_hex(6)}"


@pytest.fixture(scope="session", autouse=True)
def egress_policy_of_the_settings() -> None:
    """Tests without a database call stand-ins, too; what is saved of the policy counts in its own tests."""
    egress.provide_policy(None)


@pytest.fixture
def now() -> datetime:
    """An ordinary Friday noon."""
    return datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def actor() -> Actor:
    """The one that acts where nobody in particular does."""
    return system_actor("tests")


@pytest.fixture
def client_with(db: None) -> ClientWith:
    """Make an API client whose user holds just the permissions named."""

    def make(*permissions: str) -> APIClient:
        mark = secrets.token_hex(4)
        user = User.objects.create(username=f"user-{mark}")
        role = Role.objects.create(code=f"role-{mark}", name="Test role")
        RolePermission.objects.bulk_create([RolePermission(role=role, pattern=code) for code in permissions])
        UserRole.objects.create(user=user, role=role)
        issued = create_token(user_id=user.public_id, name="tests", now=datetime.now(UTC), lifetime=timedelta(hours=1))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
        return client

    return make


@pytest.fixture
def admin_client(client_with: ClientWith) -> APIClient:
    """An API client that may do everything."""
    return client_with("*")
