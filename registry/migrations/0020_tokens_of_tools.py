"""What each tool's definition costs in tokens; see `registry/core/contract/token_cost.py`."""

from django.db import migrations, models

from registry.core.contract.token_cost import tokens

AT_ONCE = 500


def count(apps, schema_editor):
    Tool = apps.get_model("registry", "Tool")
    rows = []
    for tool in Tool.objects.only("name", "description", "input_schema").iterator(AT_ONCE):
        tool.tokens = tokens(tool.name, tool.description, tool.input_schema)
        rows.append(tool)
        if len(rows) == AT_ONCE:
            Tool.objects.bulk_update(rows, ["tokens"])
            rows = []
    Tool.objects.bulk_update(rows, ["tokens"])


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0019_registry_of_servers'),
    ]

    operations = [
        migrations.AddField(
            model_name='tool',
            name='tokens',
            field=models.PositiveIntegerField(help_text="estimated cost of its definition", null=True),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
