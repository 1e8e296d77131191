"""The whole platform in one process, on the in-memory adapters."""
