"""Tools, resources, templates and prompts of all services, found by words."""
