"""Two customers who turn out to be one are merged, and both references lead to the one who stays."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0009_profile_marks")]

    operations = [
        migrations.AddField(
            "customer",
            "merged_into",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                db_index=False,
                to="customers.customer",
            ),
        ),
        migrations.AddField("customer", "merged_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "customer",
            models.Index(
                fields=["merged_into"], name="customers_merged", condition=models.Q(("merged_into__isnull", False))
            ),
        ),
    ]
