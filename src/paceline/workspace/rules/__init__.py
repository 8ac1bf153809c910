"""Lint rules, one a file. A new rule is a new file here with one class; nothing else needs to be edited."""
