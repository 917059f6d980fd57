"""Status pages: what strangers may see of some services, by a public address or by a secret link."""
