"""Looks for holes in an application as it is configured: ``flask qrlogin check``."""
