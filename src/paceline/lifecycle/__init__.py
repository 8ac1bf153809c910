"""What has dates: reviews and their windows, working hours, on-call hand-over, RFC states, deprecations. Pure."""
