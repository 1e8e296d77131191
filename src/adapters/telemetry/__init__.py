"""What operators see: metrics in Prometheus's format."""
