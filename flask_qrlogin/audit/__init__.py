"""Looks for holes in an application as it is configured, and tells what a login went through."""
