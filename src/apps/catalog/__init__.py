"""The catalogue service: products and their stock."""
