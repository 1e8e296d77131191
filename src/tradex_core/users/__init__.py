"""Users: their accounts, their passwords and the sessions in which they stay signed in."""
