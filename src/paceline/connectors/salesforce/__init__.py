"""Salesforce: REST API."""
