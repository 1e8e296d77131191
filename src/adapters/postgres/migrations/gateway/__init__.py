"""The history of the tables of gateway."""
