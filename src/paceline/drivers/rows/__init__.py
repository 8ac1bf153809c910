"""Sources that jobs read, one driver a form."""
