"""The projector: builds the views that the gateway reads."""
