"""Where the credentials are: the system's keyring first, the environment next, an encrypted file last. Never in settings or arguments.

Only the refresh token, the client id and its secret are kept, with the days on which they were issued. Access tokens and
signed addresses live in memory only.
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
from ordertui.operations.errors import BadInput, PassphraseNeeded, Refused
from ordertui.orders.clock import DAY, Clock, iso_utc

SERVICE = "ordertui"
ENVIRONMENT = {
    "client_id": "ORDERTUI_LWA_CLIENT_ID",
    "client_secret": "ORDERTUI_LWA_CLIENT_SECRET",
    "refresh_token": "ORDERTUI_REFRESH_TOKEN",
}
PASSPHRASE = "ORDERTUI_PASSPHRASE"
ROTATION_DAYS = 180
"""Amazon's client secrets stop working after 180 days (developer-docs, “Rotate your application's LWA credentials”)."""
AUTHORISATION_DAYS = 365
"""Public applications are authorised anew after a year; private ones of one's own are not (developer-docs, “Authorize applications”)."""
_REMIND_DAYS = 30
SECRET_ISSUED_KEY = "amazon:secret-issued"
"""Key in the store's meta: the day on which the client secret was made, told without opening the secrets."""
_MAGIC = b"ordertui-secrets-1\n"
_SALT, _NONCE = 16, 12
_COST = 2**15


class _Kept(msgspec.Struct, frozen=True):
    client_id: str
    client_secret: str
    refresh_token: str
    secret_issued_at: int | None = None
    authorised_at: int | None = None

    def __repr__(self) -> str:
        return "_Kept(...)"


class StoredCredentials(msgspec.Struct, frozen=True):
    """Credentials, where they were found, and when they were issued (epoch seconds, None: not known)."""

    credentials: Credentials
    source: str
    secret_issued_at: int | None
    authorised_at: int | None

    def rotation(self, clock: Clock) -> str:
        """What the operator must know about the client secret's age; empty when there is time."""
        if self.secret_issued_at is None:
            return f"nobody said when the client secret was issued; Amazon makes it expire after {ROTATION_DAYS} days"
        return rotation(self.secret_issued_at, clock.now())


def rotation(issued_at: int, now: int) -> str:
    """When a client secret of that day must be renewed, from 30 days before; empty while there is time. Epoch seconds."""
    ends = issued_at + ROTATION_DAYS * DAY
    left = (ends - now) // DAY
    if left < 0:
        return f"the client secret expired on {iso_utc(ends)[:10]}: make a new one in Seller Central, then `ordertui api login`"
    return f"the client secret expires on {iso_utc(ends)[:10]}, in {left} days" if left <= _REMIND_DAYS else ""


class Secrets:
    """The credentials of one profile. `ask` gives the passphrase of the encrypted file when the environment has none."""

    def __init__(self, profile: str, folder: Path, ask: Callable[[], str] | None = None) -> None:
        self._profile = profile
        self._file = folder / f"credentials-{profile}.enc"
        self.ask = ask
        """Asks the operator; a command line in a terminal sets it."""

    def load(self) -> StoredCredentials:
        """The credentials. Raises Refused when there are none, PassphraseNeeded, BadInput when the file cannot be opened."""
        kept = self._from_keyring()
        if kept is not None:
            return _login(kept, "the system's keyring")
        found = {name: os.environ.get(variable, "") for name, variable in ENVIRONMENT.items()}
        if all(found.values()):
            kept = _Kept(found["client_id"], found["client_secret"], found["refresh_token"])
            return _login(kept, "the environment")
        if self._file.exists():
            return _login(self._from_file(), f"the encrypted file {self._file}")
        raise Refused(
            f"no credentials for the profile {self._profile}: `ordertui api login` asks for them (docs/connector.md says where to get them)"
        )

    def save(self, login: StoredCredentials, *, in_file: bool) -> str:
        """Keep credentials in the keyring, or, with `in_file` or where there is no keyring, in the encrypted file; gives where."""
        kept = _Kept(
            login.credentials.client_id,
            login.credentials.client_secret.reveal(),
            login.credentials.refresh_token.reveal(),
            login.secret_issued_at,
            login.authorised_at,
        )
        if not in_file and self._to_keyring(msgspec.json.encode(kept).decode()):
            self._file.unlink(missing_ok=True)
            return "the system's keyring"
        self._to_file(kept)
        return f"the encrypted file {self._file}"

    def forget(self) -> None:
        """Remove what is kept in keyring and file; the environment is the operator's own."""
        self._to_keyring(None)
        self._file.unlink(missing_ok=True)

    # -- the keyring

    def _from_keyring(self) -> _Kept | None:
        keyring, errors = _keyring()
        try:
            text = keyring.get_password(SERVICE, self._profile)
        except errors:
            return None
        try:
            return msgspec.json.decode(text, type=_Kept) if text else None
        except msgspec.MsgspecError:
            raise BadInput("the keyring's entry cannot be read: `ordertui api login` enters it again") from None

    def _to_keyring(self, text: str | None) -> bool:
        keyring, errors = _keyring()
        try:
            if text is not None:
                keyring.set_password(SERVICE, self._profile, text)
            elif keyring.get_password(SERVICE, self._profile) is not None:
                keyring.delete_password(SERVICE, self._profile)
        except errors:
            return False
        return True

    # -- the encrypted file: scrypt and AES-256-GCM, readable by its owner only

    def _passphrase(self) -> Secret:
        word = os.environ.get(PASSPHRASE, "") or (self.ask() if self.ask is not None else "")
        if not word:
            raise PassphraseNeeded(
                f"the encrypted file needs its passphrase: set {PASSPHRASE}, run a command in a terminal, or press I on the screen"
            )
        return Secret(word)

    def _to_file(self, kept: _Kept) -> None:
        word = self._passphrase()
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        sealed = _cipher(word, salt).encrypt(nonce, msgspec.json.encode(kept), _MAGIC)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".part")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_MAGIC + salt + nonce + sealed)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._file)

    def _from_file(self) -> _Kept:
        content = self._file.read_bytes()
        if not content.startswith(_MAGIC) or len(content) <= len(_MAGIC) + _SALT + _NONCE:
            raise BadInput(f"{self._file} holds no credentials; remove it and run `ordertui api login`")
        word = self._passphrase()
        rest = content[len(_MAGIC) :]
        from cryptography.exceptions import InvalidTag

        try:
            plain = _cipher(word, rest[:_SALT]).decrypt(rest[_SALT : _SALT + _NONCE], rest[_SALT + _NONCE :], _MAGIC)
        except InvalidTag:
            raise BadInput(f"{self._file} cannot be opened with this passphrase") from None
        return msgspec.json.decode(plain, type=_Kept)


def _login(kept: _Kept, source: str) -> StoredCredentials:
    credentials = Credentials(kept.client_id, Secret(kept.client_secret), Secret(kept.refresh_token))
    return StoredCredentials(credentials, source, kept.secret_issued_at, kept.authorised_at)


def _keyring() -> tuple[Any, tuple[type[Exception], ...]]:
    """The keyring and what it raises where there is none; imported now, because it costs a tenth of a second."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise Missing from None
    return keyring, (KeyringError, RuntimeError, OSError)


def _cipher(word: Secret, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return AESGCM(Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(word.reveal().encode()))
