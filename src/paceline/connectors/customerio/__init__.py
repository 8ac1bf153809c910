"""Customer.io: Track API v2."""
