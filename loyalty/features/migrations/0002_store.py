"""Null meanings, precedence and platform facts in the catalogue; the store's state."""

from django.db import migrations, models
from django.db.models.functions.datetime import Now


class Migration(migrations.Migration):
    dependencies = [
        ("features", "0001_catalogue"),
    ]

    operations = [
        migrations.AddField(
            model_name="cataloguefield",
            name="group",
            field=models.CharField(blank=True, db_default="", default="", max_length=63),
        ),
        migrations.AddField(
            model_name="cataloguefield",
            name="null_kind",
            field=models.CharField(
                choices=[("unknown", "unknown"), ("none", "none"), ("not_applicable", "not_applicable")],
                db_default="unknown",
                default="unknown",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="cataloguefield",
            name="null_meaning",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="cataloguefield",
            name="precedence",
            field=models.CharField(
                blank=True, choices=[("dwh", "dwh"), ("xiva", "xiva")], db_default="", default="", max_length=10
            ),
        ),
        migrations.AddConstraint(
            model_name="cataloguefield",
            constraint=models.CheckConstraint(
                condition=models.Q(null_kind__in=["unknown", "none", "not_applicable"]), name="features_field_null_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="cataloguefield",
            constraint=models.CheckConstraint(
                condition=models.Q(precedence__in=["", "dwh", "xiva"]), name="features_field_precedence"
            ),
        ),
        migrations.CreateModel(
            name="StoreState",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                (
                    "data_source",
                    models.CharField(
                        blank=True,
                        choices=[("dwh", "dwh"), ("xiva", "xiva"), ("auto", "auto")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "merge_strategy",
                    models.CharField(
                        blank=True,
                        choices=[("dwh_first", "dwh_first"), ("xiva_first", "xiva_first"), ("merge", "merge")],
                        default="",
                        max_length=20,
                    ),
                ),
                ("cache_seconds", models.IntegerField(null=True)),
                ("stale_seconds", models.IntegerField(null=True)),
                ("reference_instant", models.DateTimeField(null=True)),
                ("oldest_instant", models.DateTimeField(null=True)),
                ("generation", models.BigIntegerField(db_default=0, default=0)),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("updated_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(id=1), name="features_state_one_row")],
            },
        ),
    ]
