"""Seals, a chain, before and after, and members for the rows of the audit log."""

import django.db.models.deletion
from django.db import migrations, models


def note_unsealed(apps, editor):
    """Rows from before carry no seal; whatever else carries none was not written by the console."""
    last = apps.get_model("registry", "AuditEntry").objects.order_by("-pk").values_list("pk", flat=True).first()
    apps.get_model("registry", "AuditHead").objects.create(pk=1, unsealed_to=last or 0)


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0013_events_by_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('first_position', models.PositiveBigIntegerField(default=1)),
                ('first_link', models.CharField(blank=True, default='', max_length=64)),
                ('last_position', models.PositiveBigIntegerField(default=0)),
                ('last_link', models.CharField(blank=True, default='', max_length=64)),
                ('unsealed_to', models.PositiveBigIntegerField(default=0)),
                ('seal', models.CharField(blank=True, default='', max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name='auditentry',
            name='address',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='after',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='before',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='door',
            field=models.CharField(blank=True, default='', max_length=8),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='link',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='members',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='position',
            field=models.PositiveBigIntegerField(null=True, unique=True),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='seal',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(db_index=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='actor',
            field=models.CharField(db_index=True, max_length=150),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='target',
            field=models.CharField(db_index=True, max_length=200),
        ),
        migrations.CreateModel(
            name='AuditMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=64)),
                ('detail', models.CharField(blank=True, default='', max_length=500)),
                ('before', models.TextField(blank=True, default='')),
                ('after', models.TextField(blank=True, default='')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='named', to='registry.auditentry')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.RunPython(note_unsealed, migrations.RunPython.noop),
    ]
