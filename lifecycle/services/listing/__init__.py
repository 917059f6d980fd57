"""The list of services: what it is narrowed to, and in which order it stands."""
