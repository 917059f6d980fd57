#!/usr/bin/env python
"""Django's command line for the console."""

from mcpstore_site.__main__ import main

if __name__ == "__main__":
    main()
