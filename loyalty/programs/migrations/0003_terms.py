"""Store all that a version promises in one exact column, and install what reads it."""

from django.db import migrations, models

import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("programs", "0002_directory")]
    operations = [
        migrations.RemoveConstraint(model_name="programversion", name="programs_version_cap_positive"),
        migrations.RemoveConstraint(model_name="programversion", name="programs_version_expiry_positive"),
        migrations.RemoveField(model_name="programversion", name="earn_rule"),
        migrations.RemoveField(model_name="programversion", name="burn_rule"),
        migrations.RemoveField(model_name="programversion", name="earn_cap_daily"),
        migrations.RemoveField(model_name="programversion", name="expiry_days"),
        migrations.AddField(
            model_name="programversion",
            name="terms",
            field=loyalty.foundation.orm.fields.ExactJSONField(default=dict),
        ),
        migrations.AddField(
            model_name="tier",
            name="benefit_grants",
            field=loyalty.foundation.orm.fields.ExactJSONField(default=list),
        ),
        migrations.AddField(
            model_name="tier",
            name="is_invitation_only",
            field=models.BooleanField(db_default=False, default=False),
        ),
        install("loyalty.programs", "rule_lists"),
    ]
