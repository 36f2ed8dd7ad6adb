"""What a login by QR code is: the records, the rules, and who may do what.

Pure: no Flask, no database, no thread, no clock. Time and keys are passed in.
Each step of a login is a method of :class:`~.login_flow.LoginFlow`, and stands there in order.
The rules are the functions of :mod:`~.transitions`, and stand nowhere else.
"""

from __future__ import annotations
