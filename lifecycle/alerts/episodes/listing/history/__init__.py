"""Alerts that are over: searched, narrowed, and as a file."""
