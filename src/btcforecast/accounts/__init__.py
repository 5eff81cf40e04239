"""People, their API keys and roles, and the audit log of what they did."""
