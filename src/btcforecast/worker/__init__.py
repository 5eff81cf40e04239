"""The schedule and the durable jobs."""
