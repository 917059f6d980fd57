"""The documentation, served by the console itself, so that it is there without the internet."""
