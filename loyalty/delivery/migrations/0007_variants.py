"""Contents by variant, an instant before which a send is not due, and when a message made its reader unsubscribe."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0006_tracking"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="variants",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="send",
            name="variant",
            field=models.CharField(db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="send",
            name="not_before",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="send",
            name="unsubscribed_at",
            field=models.DateTimeField(null=True),
        ),
        install("loyalty.delivery", "sends"),
    ]
