"""The outermost ASGI layer: addresses, limits, headers, metrics and the access log, in one pass over each request."""
