"""Addresses are compared by a key, and a telephone is found by it."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_successors")]

    operations = [
        install("loyalty.customers", "address_key"),
        migrations.AddIndex(
            model_name="contactpoint",
            index=models.Index(
                models.Func(models.F("channel"), models.F("address"), function="customers_address_key"),
                condition=models.Q(("channel__in", ["sms", "whatsapp"]), ("is_primary", True)),
                name="customers_contact_key",
            ),
        ),
    ]
