"""Carries messages: at least once in, exactly once in effect, in order per key."""
