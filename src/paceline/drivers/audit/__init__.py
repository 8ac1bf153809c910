"""Audit logs: a file with one JSON line a record, and its twin in memory."""
