"""The auth service: accounts, passwords and sessions."""
