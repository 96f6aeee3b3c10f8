"""Customers can be erased, and no source brings one back."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_reachable_within")]

    operations = [
        migrations.AddField("customer", "erased_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "customer",
            models.Index(
                fields=["public_id"], name="customers_erased", condition=models.Q(("erased_at__isnull", False))
            ),
        ),
        install("loyalty.customers", "take_new"),
    ]
