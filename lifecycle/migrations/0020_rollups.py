import time

import django.db.models.deletion
from django.db import migrations, models

from lifecycle.migrations._without_rowid import CreateCompactModel


def leave_older_checks_to_the_worker(apps, schema_editor):
    """It fills them in while the console runs: there may be millions."""
    if apps.get_model("lifecycle", "CheckResult").objects.exists():
        now = int(time.time())
        apps.get_model("lifecycle", "RollupMark").objects.create(name="backfill", until=now - now % 3600)


class Migration(migrations.Migration):

    dependencies = [
        ('lifecycle', '0019_tell_how_alerts_end'),
        ('registry', '0012_keep_the_doubt_of_the_clock'),
    ]

    operations = [
        migrations.CreateModel(
            name='FleetRollup',
            fields=[
                ('pk', models.CompositePrimaryKey('span', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('span', models.PositiveIntegerField(help_text='seconds: 300, 3600 or 86400')),
                ('at', models.BigIntegerField()),
                ('data', models.BinaryField()),
                ('serving_s', models.FloatField(default=0)),
                ('down_s', models.FloatField(default=0)),
                ('excluded_s', models.FloatField(default=0)),
                ('unknown_s', models.FloatField(default=0)),
                ('services', models.PositiveIntegerField(default=0, help_text='most that were checked in 5 minutes of it')),
            ],
        ),
        migrations.CreateModel(
            name='RollupMark',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('until', models.BigIntegerField()),
                ('service_id', models.BigIntegerField(default=0)),
            ],
        ),
        CreateCompactModel(
            name='Rollup1d',
            fields=[
                ('pk', models.CompositePrimaryKey('service_id', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('at', models.BigIntegerField()),
                ('data', models.BinaryField()),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.service')),
            ],
            options={
                'abstract': False,
            },
        ),
        CreateCompactModel(
            name='Rollup1h',
            fields=[
                ('pk', models.CompositePrimaryKey('service_id', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('at', models.BigIntegerField()),
                ('data', models.BinaryField()),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.service')),
            ],
            options={
                'abstract': False,
            },
        ),
        CreateCompactModel(
            name='Rollup5m',
            fields=[
                ('pk', models.CompositePrimaryKey('service_id', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('at', models.BigIntegerField()),
                ('data', models.BinaryField()),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.service')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunPython(leave_older_checks_to_the_worker, migrations.RunPython.noop),
    ]
