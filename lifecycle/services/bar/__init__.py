"""The bar of a service's last hour: its checks by spans of two minutes, the worst of each."""
