"""Real implementations of the core's ports that keep everything in this process."""
