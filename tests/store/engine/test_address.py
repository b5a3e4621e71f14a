"""Where a store may be: TLS for every server that is not this machine, and no password in an address."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.exit_codes import Exit
from ordertui.cli.main import cli
from ordertui.store import StoreError
from ordertui.store.engine.address import address_for, is_local, own_authority, parse_address

FOLDER = Path("servers")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann@db.example/shop", "postgres://db.example", "postgresql://ann@10.0.0.7:5433/shop",
        "postgresql://db.example/shop?sslmode=verify-full", "postgresql:///shop?service=team",
        "postgresql://[2001:db8::1]/shop", "postgresql:///shop?host=db.example",
    ],
)  # fmt: skip
def test_a_server_elsewhere_is_reached_over_tls_alone(text: str) -> None:
    settings = parse_address(text, FOLDER).settings
    assert settings["sslmode"] == "verify-full"
    assert settings["gssencmode"] == "disable"
    assert settings["sslrootcert"] == "system"


@pytest.mark.parametrize("mode", ["require", "prefer", "disable", "verify-ca", "allow"])
@pytest.mark.parametrize("place", ["db.example/shop?", "/shop?host=192.168.0.9&", "127.0.0.1.example/x?"])
def test_less_than_verify_full_is_refused_elsewhere(mode: str, place: str) -> None:
    with pytest.raises(StoreError, match="only verify-full makes sure"):
        parse_address(f"postgresql://{place}sslmode={mode}", FOLDER)


@pytest.mark.parametrize(
    "text", ["postgresql://localhost/a", "postgresql://127.0.0.1/a", "postgresql:///a?host=/run/x"]
)
def test_this_machine_needs_no_tls(text: str) -> None:
    assert "sslmode" not in parse_address(text, FOLDER).settings


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:secret@localhost/a", "postgresql://ann:@localhost/a", "postgresql://localhost/a?password=secret",
        "postgresql://localhost/a?passfile=/tmp/x",
    ],
)  # fmt: skip
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(StoreError, match="takes no password") as error:
        parse_address(text, FOLDER)
    assert "secret" not in str(error.value)
    found = CliRunner().invoke(cli, ["--store", text, "list"])
    assert found.exit_code != Exit.OK
    assert "secret" not in found.output


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://a,b/x", "postgresql://localhost:x/a", "postgresql://localhost/a?hostaddr=1.2.3.4",
        "postgresql://localhost/a?options=-csearch_path", "postgresql://localhost/a?sslmode", "postgresql://h:99999/a",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(StoreError):
        parse_address(text, FOLDER)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("127.8.9.1", True), ("::1", True), ("/var/run/postgresql", True), ("", False),
        ("localhost.example", False), ("0.0.0.0", False), ("128.0.0.1", False), ("::ffff:10.0.0.1", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_an_address_is_shown_without_what_nobody_asks_for_and_has_a_folder_of_its_own() -> None:
    one = parse_address("postgresql://ann@db.example:5433/shop?sslrootcert=/x.pem", FOLDER)
    other = parse_address("postgresql://ann@db.example:5433/shop?schema=b", FOLDER)
    assert (str(one), str(other)) == (
        "postgresql://ann@db.example:5433/shop", "postgresql://ann@db.example:5433/shop?schema=b",
    )  # fmt: skip
    assert one.files.parent.parent == other.files.parent.parent == FOLDER
    assert one.files != other.files


@pytest.mark.parametrize(
    ("own", "other", "authority"),
    [
        ("postgresql://boss@db.example/shop", "postgresql://ann@db.example/shop", None),
        ("postgresql://boss@db.example/shop?sslrootcert=system", "postgresql://ann@db.example/shop", None),
        (
            "postgresql://boss@db.example:5433/shop?sslrootcert=/a%20b/ca.crt&sslcert=/boss.crt&sslkey=/boss.key",
            "postgresql://ann@db.example:5433/shop?sslrootcert=/a%20b/ca.crt", "/a b/ca.crt",
        ),
        (
            "postgresql://db.example/shop?sslrootcert=ca.crt&schema=b",
            "postgresql://ann@db.example/shop?schema=b&sslrootcert=ca.crt", "ca.crt",
        ),
    ],
)  # fmt: skip
def test_another_person_gets_what_the_own_address_has_of_the_server(
    own: str, other: str, authority: str | None
) -> None:
    mine = parse_address(own, FOLDER)
    assert address_for(mine, "ann") == other
    assert own_authority(mine) == authority
    theirs = parse_address(other, FOLDER)
    own_only = {"sslcert": "", "sslkey": ""}  # what proves who the owner is
    assert {**mine.settings, "user": "ann", **own_only} == {**theirs.settings, **own_only}
