"""Addresses that calls may go to: Amazon's for the production profile, this machine alone for the test profile."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

LOOPBACK = "127.0.0.1"
LWA_HOST = "api.amazon.com"
"""Login with Amazon, all regions (developer-docs, “Connect to the Selling Partner API”)."""
API_HOSTS = {
    "na": "sellingpartnerapi-na.amazon.com",
    "eu": "sellingpartnerapi-eu.amazon.com",
    "fe": "sellingpartnerapi-fe.amazon.com",
}
"""Region to host (developer-docs, “SP-API endpoints”)."""
REGION_OF = {
    **dict.fromkeys(("US", "CA", "MX", "BR"), "na"),
    **dict.fromkeys(
        ("UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE", "TR", "AE", "SA", "EG", "ZA", "IN"), "eu"
    ),
    **dict.fromkeys(("JP", "AU", "SG"), "fe"),
}
"""Marketplace code to region."""
_DOCUMENT_DOMAINS = (".amazonaws.com", ".amazon.com")
"""Domains of feed and report documents, whose addresses are signed for five minutes."""


class Profile(StrEnum):
    """Environment that a connection belongs to."""

    TEST = "test"
    PRODUCTION = "production"


class NotAllowed(ValueError):
    """This profile may not reach the address."""


class Endpoints(msgspec.Struct, frozen=True):
    """The addresses of one connection."""

    profile: Profile
    api: str
    """Address of the API, without a path."""
    login: str
    """Address that issues access tokens."""

    @classmethod
    def production(cls, region: str) -> Endpoints:
        """Return Amazon's addresses for the region `na`, `eu` or `fe`. Raises NotAllowed for another one."""
        if region not in API_HOSTS:
            raise NotAllowed(f"there is no region {region!r}; choose one of: {', '.join(API_HOSTS)}")
        return cls(Profile.PRODUCTION, f"https://{API_HOSTS[region]}", f"https://{LWA_HOST}/auth/o2/token")

    @classmethod
    def test(cls, address: str) -> Endpoints:
        """Return the addresses of a simulator, as `http://127.0.0.1:8707`. Raises NotAllowed for another machine."""
        address = address.rstrip("/")
        made = cls(Profile.TEST, address, f"{address}/auth/o2/token")
        made.check(made.api)
        return made

    def check(self, url: str, *, document: bool = False) -> None:
        """Raise NotAllowed unless this profile may reach the address. `document`: Amazon named it, for a document."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if parts.username is not None or parts.password is not None:
            raise NotAllowed("an address with a user name in it is never called")
        if self.profile is Profile.TEST:
            if host != LOOPBACK or parts.scheme not in ("http", "https"):
                raise NotAllowed(f"the test profile reaches {LOOPBACK} only, not {host or 'nowhere'}")
            return
        known = host in (LWA_HOST, *API_HOSTS.values()) or (document and host.endswith(_DOCUMENT_DOMAINS))
        if parts.scheme != "https" or parts.port not in (None, 443) or not known:
            raise NotAllowed(f"{parts.scheme}://{host} is none of Amazon's addresses for this; nothing was sent")
