"""Storage of the API's credentials: the system's keyring, the environment, an encrypted file, in this order.

They are never in settings or command-line arguments. Client id, client secret and refresh token are stored, with the
days on which they were issued. Access tokens and signed addresses are in memory only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ordertui.amazon.spapi.auth import Credentials
from ordertui.amazon.spapi.errors import Missing
from ordertui.amazon.spapi.secret import Secret
from ordertui.files import is_absent, make_folder, read_file, replace_file
from ordertui.operations.errors import BadInput, PassphraseNeeded, Refused
from ordertui.orders.clock import DAY, Clock, iso_utc
from ordertui.system_keyring import NoKeyring, read_entry, write_entry

SERVICE = "ordertui"
ENVIRONMENT = {
    "client_id": "ORDERTUI_LWA_CLIENT_ID",
    "client_secret": "ORDERTUI_LWA_CLIENT_SECRET",
    "refresh_token": "ORDERTUI_REFRESH_TOKEN",
}
"""Field of the credentials to the environment variable that holds it."""
PASSPHRASE = "ORDERTUI_PASSPHRASE"
"""Environment variable with the passphrase of the encrypted file."""
SECRET_ISSUED_KEY = "amazon:secret-issued"
"""Key in the store's meta: when the client secret was made, readable without opening the credentials."""
SECRET_ENTERED_KEY = "amazon:secret-entered"
"""Key in the store's meta: when the client secret was entered; it was made that day or before."""
ROTATION_DAYS = 180
"""Amazon's client secrets stop working after 180 days (developer-docs, “Rotate your application's LWA credentials”)."""
_REMIND_DAYS = 30
_MAGICS = {b"ordertui-secrets-1\n": 1, b"ordertui-secrets-2\n": 3}
"""Beginning of a sealed file to scrypt's parallelism. The second seals the profile too; the first is still read."""
_MAGIC = b"ordertui-secrets-2\n"
LEAST_PASSPHRASE = 12
"""Characters: whoever copies the file may try passphrases for years."""
_SALT_BYTES, _NONCE_BYTES = 16, 12
_SCRYPT_COST = 2**15
"""With a parallelism of 3 the cheapest setting that OWASP names for 32 MiB (Password Storage Cheat Sheet)."""


class _Record(msgspec.Struct, frozen=True):
    client_id: str
    client_secret: str
    refresh_token: str
    secret_issued_at: int | None = None
    authorised_at: int | None = None

    def __repr__(self) -> str:
        return "_Record(...)"


class StoredCredentials(msgspec.Struct, frozen=True):
    """Credentials, where they were found, and when they were issued (epoch seconds; None: not known)."""

    credentials: Credentials
    source: str
    secret_issued_at: int | None
    authorised_at: int | None

    def rotation(self, clock: Clock) -> str:
        """Return what the operator must know about the client secret's age; empty while there is time."""
        if self.secret_issued_at is None:
            return f"nobody said when the client secret was issued; Amazon makes it expire after {ROTATION_DAYS} days"
        return rotation_warning(self.secret_issued_at, clock.now())


def rotation_warning(issued_at: int, now: int) -> str:
    """Return when a client secret must be renewed, from 30 days before; empty while there is time. Epoch seconds."""
    ends = issued_at + ROTATION_DAYS * DAY
    left = (ends - now) // DAY
    if left < 0:
        return (
            f"the client secret expired on {iso_utc(ends)[:10]}:"
            " make a new one in Seller Central, then `ordertui api login`"
        )
    return f"the client secret expires on {iso_utc(ends)[:10]}, in {left} days" if left <= _REMIND_DAYS else ""


class CredentialStore:
    """The credentials of one profile."""

    def __init__(self, profile: str, folder: Path, ask: Callable[[], str] | None = None) -> None:
        self._profile = profile
        self._file = folder / f"credentials-{profile}.enc"
        self.ask = ask
        """Asks the operator for the passphrase when the environment has none. Set by a screen or a terminal."""

    def load(self) -> StoredCredentials:
        """Return the credentials.

        Raises Refused when there are none, PassphraseNeeded, BadInput when they cannot be opened.
        """
        record = self._from_keyring()
        if record is not None:
            return _stored(record, "the system's keyring")
        found = {name: os.environ.get(variable, "") for name, variable in ENVIRONMENT.items()}
        if all(found.values()):
            record = _Record(found["client_id"], found["client_secret"], found["refresh_token"])
            return _stored(record, "the environment")
        if not is_absent(self._file):
            return _stored(self._from_file(), f"the encrypted file {self._file}")
        raise Refused(
            f"no credentials for the profile {self._profile}: `ordertui api login` asks for them"
            " (docs/connector.md says where to get them)"
        )

    def save(self, stored: StoredCredentials, *, in_file: bool) -> str:
        """Store credentials; return where: the keyring, or, with `in_file` or without a keyring, the encrypted file."""
        record = _Record(
            stored.credentials.client_id,
            stored.credentials.client_secret.reveal(),
            stored.credentials.refresh_token.reveal(),
            stored.secret_issued_at,
            stored.authorised_at,
        )
        if not in_file and self._to_keyring(msgspec.json.encode(record).decode()):
            self._file.unlink(missing_ok=True)
            return "the system's keyring"
        self._to_file(record)
        return f"the encrypted file {self._file}"

    def forget(self) -> None:
        """Remove the credentials from keyring and file. Those in the environment stay."""
        self._to_keyring(None)
        self._file.unlink(missing_ok=True)

    # -- the keyring

    def _from_keyring(self) -> _Record | None:
        try:
            text = read_entry(SERVICE, self._profile)
        except NoKeyring:
            return None
        except ImportError:
            raise Missing from None
        try:
            return msgspec.json.decode(text, type=_Record) if text else None
        except msgspec.MsgspecError:
            raise BadInput("the keyring's entry cannot be read: `ordertui api login` enters it again") from None

    def _to_keyring(self, text: str | None) -> bool:
        try:
            write_entry(SERVICE, self._profile, text)
        except NoKeyring:
            return False
        except ImportError:
            raise Missing from None
        return True

    # -- the encrypted file: scrypt and AES-256-GCM, readable by its owner only

    def _passphrase(self) -> Secret:
        passphrase = Secret(os.environ.get(PASSPHRASE, "") or (self.ask() if self.ask is not None else ""))
        if not passphrase:
            raise PassphraseNeeded(
                f"the encrypted file needs its passphrase: set {PASSPHRASE}, run a command in a terminal,"
                " or press I on the screen"
            )
        return passphrase

    def _to_file(self, record: _Record) -> None:
        passphrase = self._passphrase()
        if len(passphrase.reveal()) < LEAST_PASSPHRASE:
            raise BadInput(f"the passphrase needs {LEAST_PASSPHRASE} characters or more; nothing was stored")
        salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
        sealed = _cipher(passphrase, salt, _MAGICS[_MAGIC]).encrypt(
            nonce, msgspec.json.encode(record), self._sealed_with(_MAGIC)
        )
        make_folder(self._file.parent)
        replace_file(self._file, _MAGIC + salt + nonce + sealed)

    def _sealed_with(self, magic: bytes) -> bytes:
        """Return what the seal covers beside the record: a file of another profile does not open."""
        return magic + self._profile.encode() if magic == _MAGIC else magic

    def _from_file(self) -> _Record:
        content = read_file(self._file, 65_536)
        magic = content[: len(_MAGIC)]
        if magic not in _MAGICS or len(content) <= len(_MAGIC) + _SALT_BYTES + _NONCE_BYTES:
            raise BadInput(f"{self._file} holds no credentials; remove it and run `ordertui api login`")
        passphrase = self._passphrase()
        rest = content[len(_MAGIC) :]
        salt, sealed = rest[:_SALT_BYTES], rest[_SALT_BYTES:]
        from cryptography.exceptions import InvalidTag

        try:
            plain = _cipher(passphrase, salt, _MAGICS[magic]).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._sealed_with(magic)
            )
        except InvalidTag:
            raise BadInput(
                f"{self._file} cannot be opened with this passphrase, or it is not of the profile {self._profile}"
            ) from None
        return msgspec.json.decode(plain, type=_Record)


def _stored(record: _Record, source: str) -> StoredCredentials:
    credentials = Credentials(record.client_id, Secret(record.client_secret), Secret(record.refresh_token))
    return StoredCredentials(credentials, source, record.secret_issued_at, record.authorised_at)


def _cipher(passphrase: Secret, salt: bytes, parallelism: int) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return AESGCM(Scrypt(salt=salt, length=32, n=_SCRYPT_COST, r=8, p=parallelism).derive(passphrase.reveal().encode()))
