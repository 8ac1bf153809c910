"""The six questions before any code, answered for a request or an integration, with file and line."""
