from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0011_forget_typed_names")]

    operations = [
        migrations.AddField(
            model_name="registryhead",
            name="clock_doubted_at",
            field=models.DateTimeField(help_text="the latest time that it did not believe", null=True),
        ),
        migrations.AddField(
            model_name="registryhead",
            name="clock_waited",
            field=models.FloatField(default=0.0, help_text="seconds that it has run in this doubt"),
        ),
    ]
