"""What is told of logins to whoever runs the application: the audit log, and metrics."""

from __future__ import annotations
