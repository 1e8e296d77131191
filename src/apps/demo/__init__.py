"""The demo: a trading company's real orders through the HTTP API, and its books checked."""
