"""Passwords, sealing, tokens, the clock and chance, on argon2-cffi, cryptography and joserfc."""
