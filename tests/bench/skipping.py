"""What a machine cannot measure is skipped by name, with the reason."""


class Skipped(Exception):
    """Something that is measured on real servers cannot be measured here; the message says why."""
