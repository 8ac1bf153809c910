"""The functions of the mapping language: what each takes, gives and does, with an example that is a test."""
