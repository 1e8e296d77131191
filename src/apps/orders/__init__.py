"""The orders service: orders, from placed to delivered."""
