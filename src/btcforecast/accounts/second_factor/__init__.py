"""What is asked for beside or instead of a password: codes of an app, recovery codes, passkeys."""
