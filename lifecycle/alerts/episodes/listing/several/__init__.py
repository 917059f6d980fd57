"""Acts on many open alerts at once."""
