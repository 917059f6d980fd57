"""A form made from the JSON schema of a tool, and what was typed into it as JSON again."""
