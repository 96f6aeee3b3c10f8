"""What a conversion cost in points: the postings that the fact behind it led to, found by their customer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_balance_sequence"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversion",
            name="points_by",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(fields=["customer_id"], name="campaigns_conversion_customer"),
        ),
    ]
