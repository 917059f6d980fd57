import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

DOWN = ["RECONNECTING", "UNREACHABLE"]
SHIPPED = {
    "name": "Service down",
    "level": "ERROR",
    "condition": "state-entered",
    "states": DOWN,
    "scope": {"kind": "all"},
    "cooldown_seconds": 300,
    "message": "",
    "notify_recovery": True,
}


def wait_before_the_shipped_rule_fires(apps, schema_editor):
    """A rule that somebody changed goes on as it was: it fires at once."""
    rules = apps.get_model("lifecycle", "AlertRule").objects
    for rule in rules.filter(name=SHIPPED["name"]):
        if all(getattr(rule, name) == value for name, value in SHIPPED.items()):
            rules.filter(pk=rule.pk).update(for_seconds=15)


def go_on_telling_of_a_missing_sign_in(apps, schema_editor):
    """The rules on UNREACHABLE told of it until now; a rule of its own tells the same people."""
    rules = apps.get_model("lifecycle", "AlertRule").objects
    told = [
        rule
        for rule in rules.filter(enabled=True, condition="state-entered").order_by("pk")
        if "UNREACHABLE" in rule.states and rule.scope.get("kind", "all") == "all"
    ]
    if not told or rules.filter(name="Needs sign-in").exists():
        return
    made = rules.create(
        name="Needs sign-in",
        level="WARNING",
        condition="needs-sign-in",
        scope={"kind": "all"},
        created_at=told[0].created_at,
    )
    for rule in told:
        made.channels.add(*rule.channels.all())


def join_ends_to_their_beginnings(apps, schema_editor):
    """Ends that are not sent yet."""
    deliveries = apps.get_model("lifecycle", "Delivery").objects
    beginning = deliveries.filter(episode=OuterRef("episode"), channel=OuterRef("channel"), kind="firing")
    waiting = deliveries.filter(kind="resolved", state="queued", episode__isnull=False)
    waiting.update(beginning=Subquery(beginning.values("pk")[:1]))


class Migration(migrations.Migration):

    dependencies = [
        ('lifecycle', '0018_notes_on_services'),
    ]

    operations = [
        migrations.AddField(
            model_name='alertrule',
            name='for_seconds',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='alertrule',
            name='for_seconds',
            field=models.PositiveIntegerField(default=15),
        ),
        migrations.AddField(
            model_name='delivery',
            name='beginning',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='endings', to='lifecycle.delivery'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='refused',
            field=models.JSONField(default=dict, help_text='why, by recipient, of those that did not get it'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='to',
            field=models.JSONField(default=list, help_text='the recipients that are left to try; empty is all of them'),
        ),
        migrations.AddField(
            model_name='episode',
            name='ended_by',
            field=models.CharField(blank=True, default='', help_text='the person who ended it', max_length=150),
        ),
        migrations.AlterField(
            model_name='alertrule',
            name='condition',
            field=models.CharField(choices=[('state-entered', 'State Entered'), ('not-serving-for', 'Not Serving For'), ('tools-changed', 'Tools Changed'), ('mass-failure', 'Mass Failure'), ('needs-sign-in', 'Needs Sign In')], max_length=20),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='delivered_at',
            field=models.DateTimeField(help_text='when the first of its recipients had it', null=True),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='state',
            field=models.CharField(choices=[('queued', 'Queued'), ('delivered', 'Delivered'), ('partial', 'Partial'), ('dead', 'Dead')], default='queued', max_length=9),
        ),
        migrations.AlterField(
            model_name='episode',
            name='ending',
            field=models.CharField(blank=True, choices=[('recovered', 'Recovered'), ('restarted', 'Restarted'), ('reconnected', 'Reconnected'), ('started', 'Started'), ('reconfigured', 'Reconfigured'), ('sign-in', 'Sign In'), ('stopped', 'Stopped'), ('removed', 'Removed'), ('archived', 'Archived'), ('rule-off', 'Rule Off'), ('rule-changed', 'Rule Changed'), ('rule-deleted', 'Rule Deleted'), ('told', 'Told')], default='', max_length=16),
        ),
        migrations.RunPython(wait_before_the_shipped_rule_fires, migrations.RunPython.noop),
        migrations.RunPython(go_on_telling_of_a_missing_sign_in, migrations.RunPython.noop),
        migrations.RunPython(join_ends_to_their_beginnings, migrations.RunPython.noop),
    ]
