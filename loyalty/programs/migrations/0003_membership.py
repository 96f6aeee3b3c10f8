"""Tell in the view of memberships whether the tier was taken out of the program."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("programs", "0002_directory")]
    operations = [install("loyalty.programs", "membership")]
