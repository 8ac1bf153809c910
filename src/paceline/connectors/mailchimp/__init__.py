"""Mailchimp: Marketing API."""
