"""Parts of customers' long messages, and receipts that count the same in whatever order they come."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("delivery", "0015_suppression_key")]

    operations = [
        migrations.CreateModel(
            name="InboundPart",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("from_address", models.CharField(max_length=254)),
                ("to_address", models.CharField(max_length=254)),
                ("name", models.PositiveIntegerField()),
                ("total", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("coding", models.PositiveSmallIntegerField()),
                ("coded", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("joined_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "delivery_inbound_part"},
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(fields=["from_address", "id"], name="delivery_inbound_from"),
        ),
        migrations.AddIndex(
            model_name="inboundpart",
            index=models.Index(fields=["received_at"], name="delivery_inbound_part_old"),
        ),
        migrations.AddConstraint(
            model_name="inboundpart",
            constraint=models.UniqueConstraint(
                fields=("from_address", "to_address", "name", "total", "number"), name="delivery_inbound_part_once"
            ),
        ),
        install("loyalty.delivery", "window", "receipts"),
    ]
