"""Identifiers: random, in letters and digits that survive URLs, file names and being read aloud."""

import base64
import secrets


def new_id() -> str:
    """80 random bits as 16 characters of lower-case base32."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()
