"""The tailored plan for one request: what its verdict asks for, by when, and the files to start with."""
