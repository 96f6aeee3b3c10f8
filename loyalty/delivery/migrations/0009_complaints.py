"""Complaints that providers tell of."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0008_pace"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="providerreceipt",
            name="delivery_receipt_outcome",
        ),
        migrations.RemoveConstraint(
            model_name="send",
            name="delivery_send_state",
        ),
        migrations.AlterField(
            model_name="providerreceipt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("delivered", "delivered"),
                    ("failed", "failed"),
                    ("refused", "refused"),
                    ("complained", "complained"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="send",
            name="state",
            field=models.CharField(
                choices=[
                    ("QUEUED", "QUEUED"),
                    ("SENDING", "SENDING"),
                    ("SENT", "SENT"),
                    ("DELIVERED", "DELIVERED"),
                    ("OPENED", "OPENED"),
                    ("CLICKED", "CLICKED"),
                    ("BOUNCED", "BOUNCED"),
                    ("FAILED", "FAILED"),
                    ("SKIPPED", "SKIPPED"),
                    ("UNKNOWN", "UNKNOWN"),
                    ("COMPLAINED", "COMPLAINED"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="providerreceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["delivered", "failed", "refused", "complained"])),
                name="delivery_receipt_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="send",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "QUEUED",
                            "SENDING",
                            "SENT",
                            "DELIVERED",
                            "OPENED",
                            "CLICKED",
                            "BOUNCED",
                            "FAILED",
                            "SKIPPED",
                            "UNKNOWN",
                            "COMPLAINED",
                        ],
                    )
                ),
                name="delivery_send_state",
            ),
        ),
        install("loyalty.delivery", "receipts"),
    ]
