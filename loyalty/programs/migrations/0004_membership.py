"""Tiers by hand that are a floor, a pin or a one-off with an end, and members who left; then what reads members."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("programs", "0003_terms")]
    operations = [
        migrations.RemoveField(model_name="membership", name="is_tier_by_hand"),
        migrations.AddField(
            model_name="membership",
            name="tier_mode",
            field=models.CharField(
                blank=True,
                choices=[("", "QUALIFIED"), ("floor", "FLOOR"), ("pin", "PIN"), ("one_off", "ONE_OFF")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(model_name="membership", name="tier_until_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="membership", name="left_at", field=models.DateTimeField(null=True)),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier_mode__in", ["", "floor", "pin", "one_off"])),
                name="programs_membership_tier_mode",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tier_until_at__isnull", True), models.Q(("tier_mode", ""), _negated=True), _connector="OR"
                ),
                name="programs_membership_until_by_hand",
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                condition=models.Q(("tier_until_at__isnull", False)),
                fields=["tier_until_at"],
                name="programs_membership_until",
            ),
        ),
        install("loyalty.programs", "membership"),
    ]
