"""A suppression holds for every way of writing its address; what quiet hours hold is planned anew when they change."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install

# Of several ways of writing one address one stays, with the law's reason where one has it, for as long as any of them.
LONGEST = """
    UPDATE delivery_suppression s SET until = o.until FROM (
        SELECT channel, address_key, CASE WHEN bool_and(until IS NOT NULL) THEN max(until) END AS until
        FROM delivery_suppression GROUP BY 1, 2 HAVING count(*) > 1) o
    WHERE (s.channel, s.address_key) = (o.channel, o.address_key)
"""
ONE_EACH = """
    DELETE FROM delivery_suppression s USING (
        SELECT id, row_number() OVER (PARTITION BY channel, address_key ORDER BY (reason = 'legal') DESC, id) AS place
        FROM delivery_suppression) o
    WHERE o.id = s.id AND o.place > 1
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0013_address_key"), ("delivery", "0014_caps_counted_once")]

    operations = [
        migrations.RemoveConstraint(model_name="suppression", name="delivery_suppression_once"),
        migrations.AddField(
            model_name="suppression",
            name="address_key",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(models.F("channel"), models.F("address"), function="customers_address_key"),
                output_field=models.CharField(max_length=254),
            ),
        ),
        migrations.RunSQL([LONGEST, ONE_EACH], migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=("channel", "address_key"), name="delivery_suppression_once"),
        ),
        migrations.AddField(model_name="contactpolicy", name="quiet_changed_at", field=models.DateTimeField(null=True)),
        install("loyalty.delivery", "policy", "window", "receipts"),
    ]
