"""Where and up to how many points a permission counts, for whom a role is held, and tokens of services and partners."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from loyalty.foundation.access.policy import SHIPPED_ROLES


def install(apps: Any, schema_editor: Any) -> None:
    """Give the shipped roles their patterns with scopes and limits."""
    role_table = apps.get_model("access", "Role")
    grant_table = apps.get_model("access", "RolePermission")
    for code, (name, description, patterns) in SHIPPED_ROLES.items():
        role, _ = role_table.objects.update_or_create(
            code=code, defaults={"name": name, "description": description, "is_shipped": True}
        )
        grant_table.objects.filter(role=role).delete()
        grant_table.objects.bulk_create(
            grant_table(role=role, pattern=one.pattern, scope=one.scope.value, points_max=one.points_max)
            for one in patterns
        )


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_shipped_roles"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="rolepermission",
            name="access_role_pattern_once",
        ),
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replaces",
                to="access.apitoken",
            ),
        ),
        migrations.AddField(
            model_name="rolepermission",
            name="points_max",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="rolepermission",
            name="scope",
            field=models.CharField(
                choices=[("all", "ALL"), ("program", "PROGRAM"), ("partner", "PARTNER"), ("own", "OWN")],
                db_default="all",
                default="all",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="kind",
            field=models.CharField(
                choices=[("person", "person"), ("service", "service"), ("partner", "partner")],
                db_default="person",
                default="person",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="partner_ref",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="user",
            name="person_ref",
            field=models.CharField(blank=True, db_default="", db_index=True, default="", max_length=100),
        ),
        migrations.AddField(
            model_name="userrole",
            name="scope_refs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="apitoken",
            index=models.Index(fields=["user", "-id"], name="access_token_user"),
        ),
        migrations.AddConstraint(
            model_name="rolepermission",
            constraint=models.UniqueConstraint(
                fields=("role", "pattern", "scope"), name="access_role_pattern_scope_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rolepermission",
            constraint=models.CheckConstraint(
                condition=models.Q(("scope__in", ["all", "program", "partner", "own"])),
                name="access_role_pattern_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolepermission",
            constraint=models.CheckConstraint(
                condition=models.Q(("points_max__isnull", True), ("points_max__gt", 0), _connector="OR"),
                name="access_role_pattern_limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "partner")), fields=("partner_ref",), name="access_user_one_of_partner"
            ),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
