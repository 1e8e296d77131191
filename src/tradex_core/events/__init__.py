"""What the services publish to each other: commands, events, replies, their envelope."""
