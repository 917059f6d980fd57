from django.db import migrations

TABLES = ("axes_accessattemptexpiration", "axes_accessattempt", "axes_accessfailurelog", "axes_accesslog")


class Migration(migrations.Migration):
    """django-axes kept the names that were typed at the door in the clear; a password may be among them."""

    dependencies = [("registry", "0010_keys_tokens_and_sign_in")]

    operations = [
        migrations.RunSQL(f"DROP TABLE IF EXISTS {table}", migrations.RunSQL.noop) for table in TABLES
    ]
