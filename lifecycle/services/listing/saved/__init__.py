"""Views that people keep: filters and order of the services list under a name."""
