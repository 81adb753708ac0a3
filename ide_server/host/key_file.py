"""The file of keys that seal secrets: `data_dir/secrets.key`, so that the database alone gives none of them away.

A line holds one key, 32 random bytes in base64. The first seals, all of them open. Its path and what to do are in every
error; no key, and nothing that was sealed, ever is.
"""

import base64
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ide_server.errors import SecretsUnreadable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D, 5.2.1.1: random nonces of 96 bits, fit for 2**32 values sealed with one key

ADVICE = "Put the file back from a backup, or set the secrets again or delete them under Model settings."
HEADER = "# Keys that seal the secrets of models. The first seals, all open. Keep a copy: docs/variables.md says why.\n"


class KeyFile:
    """AES-256-GCM. What is sealed opens only for the purpose it was sealed for: moved elsewhere, it is unreadable."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def seal(self, value: str, *, purpose: str) -> str:
        """The first value ever sealed makes the file. Raises SecretsUnreadable where it holds no keys. Blocks."""
        if not self.path.exists():
            make_key_file(self.path)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers()[0].encrypt(nonce, value.encode(), purpose.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, purpose: str) -> str:
        """Raises SecretsUnreadable. Blocks."""
        value, _ = self._opened(sealed, purpose)
        return value

    def renew(self, sealed: str, *, purpose: str) -> str:
        """The same, sealed with the first key; unchanged if it is already. Raises SecretsUnreadable. Blocks."""
        value, place = self._opened(sealed, purpose)
        return sealed if place == 0 else self.seal(value, purpose=purpose)

    def _opened(self, sealed: str, purpose: str) -> tuple[str, int]:
        """The value, and the place of the key that opened it."""
        from cryptography.exceptions import InvalidTag

        data = decoded(sealed)
        for place, cipher in enumerate(self._ciphers()):
            try:
                opened = cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose.encode())
            except (InvalidTag, ValueError):  # ValueError: too short for a nonce
                continue
            return opened.decode(), place
        raise SecretsUnreadable(f"No key in {self.path} opens this secret: it was sealed with another one. {ADVICE}")

    def _ciphers(self) -> "list[AESGCM]":
        # Here, as it takes 11 MiB, which servers without secrets can do without.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return [AESGCM(key) for key in self._keys()]

    def _keys(self) -> list[bytes]:
        """Read each time, so that a file put back or a key added counts at once."""
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            raise SecretsUnreadable(f"The key file {self.path} is missing. {ADVICE}") from None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SecretsUnreadable(f"The key file {self.path} cannot be read: {reason}. {ADVICE}") from None
        keys = [
            self._key(line, number)
            for number, line in enumerate(map(str.strip, lines), 1)
            if line and not line.startswith("#")
        ]
        if not keys:
            raise SecretsUnreadable(f"The key file {self.path} holds no key. {ADVICE}")
        return keys

    def _key(self, line: str, number: int) -> bytes:
        key = decoded(line)
        if len(key) != KEY_BYTES:
            raise SecretsUnreadable(
                f"Line {number} of the key file {self.path} is no key: expected {KEY_BYTES} bytes in base64. {ADVICE}"
            )
        return key


def decoded(text: str) -> bytes:
    """Empty, if it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, or a character that is not ASCII
        return b""


def make_key_file(path: Path) -> None:
    """Whole or not at all, readable by our user only; a file that is there by now stays as it is."""
    descriptor, draft = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # of mode 0600
    try:
        with open(descriptor, "w") as file:
            file.write(HEADER + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        os.unlink(draft)


def sync_folder(folder: Path) -> None:
    """A secret sealed with a key that a power cut takes back would be lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
