"""Signing up and in: passwords, sessions with their tokens, one-time links, lockout."""
