"""What each route answers: reads the store and builds the answer. Knows nothing of HTTP."""
