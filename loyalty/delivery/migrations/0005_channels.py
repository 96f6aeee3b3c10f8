"""More channels, and the statements of sending that know them; installed last, because they name what came later."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_devices"),
        ("delivery", "0004_templates"),
    ]

    operations = [
        migrations.AlterField(
            model_name="content",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="inboundmessage",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="providerreceipt",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="providerreference",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="send",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="messagetemplate",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        install("loyalty.delivery", "window", "receipts", "policy"),
    ]
