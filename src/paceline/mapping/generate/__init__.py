"""Turn an analyzed mapping into the source of one Python function that a person can read."""
