from django.db import migrations
from django.utils import timezone

WITHIN = {"level": "WARNING", "threshold": 14.0, "for_seconds": 0}
OF_HOSTS = {"level": "WARNING", "condition": "host", "for_seconds": 300}
NEW = {
    "Worker silent": {"level": "CRITICAL", "condition": "worker-silent", "for_seconds": 0},
    "Certificate expires": {"condition": "certificate-expires", **WITHIN},
    "Access expires": {"condition": "access-expires", **WITHIN},
    "High CPU of a host": {"metric": "cpu", "threshold": 80.0, **OF_HOSTS},
    "High memory of a host": {"metric": "memory", "threshold": 85.0, **OF_HOSTS},
    "Disk of a host full": {"metric": "disk", "threshold": 90.0, **OF_HOSTS},
}
"""What new consoles have had since, by name."""


def add_what_new_consoles_have(apps, schema_editor):
    """Not where somebody has such a rule by any name, deleted it, or has no rules at all (as a new database)."""
    rules = apps.get_model("lifecycle", "AlertRule").objects
    entries = apps.get_model("registry", "AuditEntry").objects
    if not rules.exists():
        return
    deleted = set(entries.filter(action="alert-rule.delete", target__in=NEW).values_list("target", flat=True))
    for name, values in NEW.items():
        same = {key: values[key] for key in ("condition", "metric") if key in values}
        if name in deleted or rules.filter(name=name).exists() or rules.filter(**same).exists():
            continue
        rules.create(name=name, scope={"kind": "all"}, created_at=timezone.now(), **values)


class Migration(migrations.Migration):

    dependencies = [
        ('lifecycle', '0047_upstream_condition'),
        ('registry', '0019_registry_of_servers'),
    ]

    operations = [
        migrations.RunPython(add_what_new_consoles_have, migrations.RunPython.noop),
    ]
