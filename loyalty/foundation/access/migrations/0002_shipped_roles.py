"""The roles that ship, by their patterns alone; scopes and limits come with their columns."""

from typing import Any

from django.db import migrations

from loyalty.foundation.access.policy import SHIPPED_ROLES


def install(apps: Any, schema_editor: Any) -> None:
    """Create each shipped role with its patterns."""
    role_table = apps.get_model("access", "Role")
    grant_table = apps.get_model("access", "RolePermission")
    for code, (name, description, patterns) in SHIPPED_ROLES.items():
        role = role_table.objects.create(code=code, name=name, description=description, is_shipped=True)
        codes = dict.fromkeys(one.pattern for one in patterns)
        grant_table.objects.bulk_create([grant_table(role=role, pattern=code) for code in codes])


class Migration(migrations.Migration):
    """Seed the shipped roles."""

    dependencies = [("access", "0001_users_roles_tokens")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
