"""What `manage.py benchmark` runs: the product's own processes, measured from outside, beside their floors.

Everything happens in a temporary data directory, with servers on loopback, and is gone afterwards.
"""
