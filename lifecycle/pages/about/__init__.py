"""Settings that come from the environment, shown: sign-in, mail, and what is installed."""
