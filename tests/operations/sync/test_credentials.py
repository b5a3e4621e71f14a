"""Credentials: kept where they belong, found in order, and nowhere else."""

import io
import os
import pickle
import stat
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner
from keyring.backend import KeyringBackend

from ordertui.amazon.spapi.auth import Credentials
from ordertui.amazon.spapi.schemas import FeedSlot
from ordertui.amazon.spapi.secret import Secret
from ordertui.cli.main import cli
from ordertui.operations.errors import BadInput, Refused
from ordertui.operations.sync.credentials import ENVIRONMENT, CredentialStore, StoredCredentials
from ordertui.orders.clock import DAY, FixedClock
from support.api import client, credentials, session
from support.pilot import running
from support.pilot import text as shown_text
from support.simulator import Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")

LOGIN = StoredCredentials(
    Credentials("client", Secret("planted-secret"), Secret("planted-token")), "", 1_000_000, 1_000_000
)


class MemoryKeyring(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def no_environment(api_credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT.values():
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_environment")
def test_the_keyring_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(MemoryKeyring())
    secrets = CredentialStore("production", tmp_path)
    assert secrets.save(LOGIN, in_file=False) == "the system's keyring"
    for name in ENVIRONMENT.values():
        monkeypatch.setenv(name, "from-environment")
    found = secrets.load()
    assert (found.source, found.credentials.client_secret.reveal()) == ("the system's keyring", "planted-secret")
    secrets.forget()
    assert secrets.load().source == "the environment"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_environment")
def test_without_a_keyring_the_file_is_sealed(tmp_path: Path) -> None:
    secrets = CredentialStore("production", tmp_path, lambda: "correct horse")
    where = secrets.save(LOGIN, in_file=False)
    path = tmp_path / "credentials-production.enc"
    assert where == f"the encrypted file {path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    assert b"planted" not in content
    found = CredentialStore("production", tmp_path, lambda: "correct horse").load()
    assert found.credentials == LOGIN.credentials
    assert found.secret_issued_at == 1_000_000
    with pytest.raises(BadInput, match="passphrase"):
        CredentialStore("production", tmp_path, lambda: "wrong").load()
    with pytest.raises(Refused, match="ORDERTUI_PASSPHRASE"):
        CredentialStore("production", tmp_path).load()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BadInput):
        secrets.load()


@pytest.mark.usefixtures("no_environment")
def test_a_sealed_file_is_of_its_profile_and_of_a_long_passphrase(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="12 characters"):
        CredentialStore("test", tmp_path, lambda: "short").save(LOGIN, in_file=True)
    assert list(tmp_path.iterdir()) == []
    outside = tmp_path / "outside"
    outside.write_text("somebody's file")
    (tmp_path / "credentials-test.enc").symlink_to(outside)
    CredentialStore("test", tmp_path, lambda: "correct horse").save(LOGIN, in_file=True)
    assert outside.read_text() == "somebody's file", "the link was replaced, not followed"
    (tmp_path / "credentials-test.enc").rename(tmp_path / "credentials-production.enc")
    with pytest.raises(BadInput, match="profile production"):
        CredentialStore("production", tmp_path, lambda: "correct horse").load()


@pytest.mark.usefixtures("no_environment")
def test_a_file_sealed_by_version_0_1_is_opened(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    salt, nonce, magic = b"s" * 16, b"n" * 12, b"ordertui-secrets-1\n"
    key = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(b"old")
    record = b'{"client_id": "a", "client_secret": "planted-secret", "refresh_token": "c"}'
    (tmp_path / "credentials-test.enc").write_bytes(magic + salt + nonce + AESGCM(key).encrypt(nonce, record, magic))
    found = CredentialStore("test", tmp_path, lambda: "old").load()
    assert found.credentials.client_secret.reveal() == "planted-secret"


@pytest.mark.usefixtures("no_environment")
def test_without_any_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="ordertui api login"):
        CredentialStore("production", tmp_path).load()


def test_profiles_have_their_own(tmp_path: Path) -> None:
    keyring.set_keyring(MemoryKeyring())
    CredentialStore("production", tmp_path).save(LOGIN, in_file=False)
    assert CredentialStore("test", tmp_path).load().source == "the environment"


@pytest.mark.parametrize(
    ("age", "words"), [(1, ""), (149, ""), (151, "in 29 days"), (179, "in 1 days"), (181, "expired on 2026-11-22")]
)
def test_the_secrets_age_is_said_in_time(clock: FixedClock, age: int, words: str) -> None:
    said = StoredCredentials(LOGIN.credentials, "", clock.now() - age * DAY, None).rotation(clock)
    assert (words in said) if words else said == ""
    assert "nobody said" in StoredCredentials(LOGIN.credentials, "", None, None).rotation(clock)


def test_a_secret_is_never_printed() -> None:
    for text in (
        repr(LOGIN),
        str(LOGIN.credentials),
        f"{LOGIN.credentials.client_secret}",
        repr(FeedSlot("id", "https://signed")),
    ):
        assert "planted" not in text
        assert "signed" not in text
    with pytest.raises(TypeError):
        pickle.dumps(LOGIN.credentials.client_secret)


@pytest.mark.usefixtures("no_environment")
def test_login_asks_and_takes_no_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sim: Simulator) -> None:
    keyring.set_keyring(MemoryKeyring())
    settings = tmp_path / "config.toml"
    settings.write_text(
        f'[amazon]\nprofile = "test"\nmarketplaces = ["US"]\nendpoint = "{sim.address}"\n', encoding="utf-8"
    )
    monkeypatch.setenv("ORDERTUI_CONFIG", str(settings))
    store = ["--store", str(tmp_path / "orders.db")]
    run = CliRunner()
    typed = "sim-client\nsim-secret\nsim-refresh\n"
    result = run.invoke(cli, [*store, "api", "login", "--secret-issued", "2026-11-01"], input=typed)
    assert result.exit_code == 0, result.stderr
    assert "sim-secret" not in result.output
    checked = run.invoke(cli, [*store, "api", "check"])
    assert checked.stdout == "US: selling\n"
    synced = run.invoke(cli, [*store, "sync", "--format", "json"])
    assert synced.exit_code == 0, synced.stderr
    shown = run.invoke(cli, [*store, "api", "status"])
    assert "the system's keyring" in shown.stdout
    assert "searchOrders" in shown.stdout
    assert run.invoke(cli, [*store, "api", "logout"]).exit_code == 0
    refused = run.invoke(cli, [*store, "api", "check"])
    assert (refused.exit_code, "ordertui api login" in refused.stderr) == (3, True)
    for one in (result, checked, synced, shown, refused):
        assert "sim-secret" not in one.output
        assert "sim-refresh" not in one.output
    assert not any("secret" in name for name in (p.name for p in tmp_path.iterdir()))
    assert os.environ.get("ORDERTUI_LWA_CLIENT_SECRET") is None


async def test_crash_output_with_locals_shows_no_secret(
    sim: Simulator, clock: FixedClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import logging

    from rich.console import Console
    from rich.traceback import Traceback

    from ordertui.amazon.spapi.errors import SpApiError
    from ordertui.amazon.spapi.operations import GET_FEEDS
    from ordertui.amazon.spapi.schemas import Feeds

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("ordertui.amazon.spapi.client.TRIES", 1)
    said = []
    faults = ["html503", "drop", "forbidden", "html_body", "half_body"]
    for where in ("login", "getFeeds"):
        for fault in faults:
            sim.faults.add(where, fault, 99)
            try:
                async with client(sim, clock) as api:
                    await api.call(GET_FEEDS, Feeds, query={"feedTypes": ["POST_ORDER_ACKNOWLEDGEMENT_DATA"]})
            except SpApiError as error:
                console = Console(width=200, record=True, file=io.StringIO())
                console.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
                said.append(console.export_text())
            sim.faults.clear()
    assert len(said) == 2 * len(faults)
    assert all("Traceback" in text and "─ locals ─" in text for text in said), "the locals are in it"
    tokens = list(sim.tokens)
    assert tokens
    for secret in ("sim-secret", "sim-refresh", *tokens):
        assert not [text for text in said if secret in text]
        assert secret not in caplog.text


def test_the_store_holds_no_secret_and_no_buyer_data(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    from support.simulator.shop import all_orders_report, order

    for number in range(1, 4):
        made_order = order(number, clock.now(), asked=True)
        sim.amazon.put(made_order)
    sim.amazon.report_makers["GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"] = all_orders_report(sim.amazon)
    made = session(sim, tmp_path, clock)
    made.sync.sync()
    made.sync.reports.import_history(20)
    made.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"113-0000000-0000001" in kept
    for planted in (b"sim-secret", b"sim-refresh", b"Atza|", b"SIGNED-", b"Jane Doe", b"Springfield", b"97477"):
        assert planted not in kept
    assert credentials(sim).client_secret.reveal() == "sim-secret"


async def test_the_screen_warns_before_the_secret_expires(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    keyring.set_keyring(MemoryKeyring())
    made = session(sim, tmp_path, clock)
    made.sync.account.login(
        client_id="a", client_secret="planted-secret", refresh_token="b", secret_issued_at=clock.now() - 151 * DAY
    )
    assert "the client secret expires on 2026-12-22, in 29 days" in made.notices.banners()
    async with running(made) as pilot:
        assert "the client secret expires on 2026-12-22" in shown_text(pilot, "notes")
        clock.advance(30 * DAY)
        assert "the client secret expired on 2026-12-22: make a new one" in " ".join(made.notices.banners())
    made.sync.account.login(
        client_id="a", client_secret="planted-secret", refresh_token="b", secret_issued_at=clock.now()
    )
    assert made.notices.secret_rotation() == ""
