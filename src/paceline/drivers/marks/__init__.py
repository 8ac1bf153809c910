"""In-progress marks: in files that outlive the process, or in memory for tests."""
