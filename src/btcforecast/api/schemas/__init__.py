"""What the API answers, one file a resource. Instants are RFC 3339 text, UTC; numbers are numbers."""
