"""The gateway's routes, a file per noun."""
