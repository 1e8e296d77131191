"""The `tradex` command line."""
