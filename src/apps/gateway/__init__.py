"""The gateway: HTTP in, commands out, and reads from views of its own."""
