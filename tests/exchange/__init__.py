"""A local exchange that speaks five venues' protocols and misbehaves on request."""
