"""The routes, one file a resource: each says what it takes and what it answers, and asks `answers` for it."""
