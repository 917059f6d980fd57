"""A tool tried out: a form made from its schema, JSON beside it, the call, and earlier ones."""
