"""What operators can rely on: the names of metrics, spans and log fields."""
