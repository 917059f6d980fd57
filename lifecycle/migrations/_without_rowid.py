"""Tables whose rows lie in their primary key. SQLite would keep a row id beside it, and two trees."""

from django.db import migrations


class CreateCompactModel(migrations.CreateModel):
    """As `CreateModel`; for models without indexes of their own."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            # The key comes first: "PRAGMA integrity_check" of SQLite 3.40 calls other orders damaged.
            key = [field.name for field in model._meta.pk_fields]
            model._meta.local_fields.sort(key=lambda field: key.index(field.name) if field.name in key else len(key))
            sql, params = schema_editor.table_sql(model)
            schema_editor.execute(f"{sql} WITHOUT ROWID", params or None)
