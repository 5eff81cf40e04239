"""What the running service tells about itself: logs and metrics."""
