"""Measures the integration debt of a real workspace: gathers facts from its files, code, log, store and history."""
