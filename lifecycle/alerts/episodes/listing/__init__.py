"""The open alerts as people see them: the page, and the bell on every page."""
