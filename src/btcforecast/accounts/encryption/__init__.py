"""SECRET_KEY, the service's own keys that it wraps, and their rotation."""
