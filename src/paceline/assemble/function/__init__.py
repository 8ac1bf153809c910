"""One integration as a function: what was packed, joined with the platform that runs it. Needs no workspace."""
