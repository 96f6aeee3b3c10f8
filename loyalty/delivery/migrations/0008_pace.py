"""How fast each channel may go, and the lists of what failed and of what is tried again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0007_variants"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pace",
            fields=[
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                            ("whatsapp", "whatsapp"),
                        ],
                        max_length=10,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("ready_at", models.DateTimeField()),
            ],
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                condition=models.Q(("state__in", ["FAILED", "BOUNCED", "UNKNOWN"])),
                fields=["-id"],
                name="delivery_send_wrong",
            ),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                condition=models.Q(("attempts__gt", 0), ("state", "QUEUED")),
                fields=["-id"],
                name="delivery_send_retried",
            ),
        ),
    ]
