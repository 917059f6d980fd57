"""Words of tools: a full-text index, kept by the database itself (see `registry/models/tool_words.py`)."""

from django.db import migrations

SQLITE = [
    "CREATE VIRTUAL TABLE registry_toolwords USING fts5(name, title, description, content='registry_tool',"
    " content_rowid='id', tokenize='porter unicode61')",
    "CREATE TRIGGER tool_words_added AFTER INSERT ON registry_tool BEGIN"
    " INSERT INTO registry_toolwords(rowid, name, title, description)"
    " VALUES (new.id, new.name, new.title, new.description); END",
    "CREATE TRIGGER tool_words_gone AFTER DELETE ON registry_tool BEGIN"
    " INSERT INTO registry_toolwords(registry_toolwords, rowid, name, title, description)"
    " VALUES ('delete', old.id, old.name, old.title, old.description); END",
    "CREATE TRIGGER tool_words_changed AFTER UPDATE OF name, title, description ON registry_tool BEGIN"
    " INSERT INTO registry_toolwords(registry_toolwords, rowid, name, title, description)"
    " VALUES ('delete', old.id, old.name, old.title, old.description);"
    " INSERT INTO registry_toolwords(rowid, name, title, description)"
    " VALUES (new.id, new.name, new.title, new.description); END",
    "INSERT INTO registry_toolwords(registry_toolwords) VALUES ('rebuild')",
]
POSTGRESQL = [
    "CREATE INDEX tool_words ON registry_tool USING gin"
    " (to_tsvector('english', name || ' ' || title || ' ' || left(description, 20000)))",
]


def make(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0017_links_that_sign_in'),
    ]

    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
