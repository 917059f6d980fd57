"""The command palette: a few letters lead to a service, a tool, a page or an action."""
