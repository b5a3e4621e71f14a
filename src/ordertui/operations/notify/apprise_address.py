"""Send by Apprise: the one module that imports it, and only when something is sent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ordertui.amazon.spapi.secret import Secret
from ordertui.orders.text import install_extra


class SendFailed(Exception):
    """The receiver did not take it; the message says why, without anything of an address."""


class SendUnclear(Exception):
    """Sending was ended in the middle: the receiver may have got it or not."""


STOP_SECONDS = 0.2
"""How often a stop is looked for while something is sent."""
MOST_SECONDS = 120
"""A service that says nothing for so long is not waited for any more."""


def post_until(stop: Callable[[], bool], address: Secret, title: str, body: str, *, is_urgent: bool) -> None:
    """Do what `post` does until `stop` says so. Raises SendFailed, and SendUnclear when it was not waited for."""
    errors: list[SendFailed] = []

    def work() -> None:
        try:
            post(address, title, body, is_urgent=is_urgent)
        except SendFailed as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="apprise", daemon=True)
    thread.start()
    until = time.monotonic() + MOST_SECONDS
    while thread.is_alive():
        thread.join(STOP_SECONDS)
        if thread.is_alive() and (stop() or time.monotonic() > until):
            raise SendUnclear("it was ended before the service answered: it may have arrived")
    if errors:
        raise errors[0]


def post(address: Secret, title: str, body: str, *, is_urgent: bool) -> None:
    """Send a text to an address. Raises SendFailed, whose words hold nothing of the address.

    Apprise logs what goes wrong with parts of addresses in it, so its loggers, and that of the library beneath it, are
    silent.
    """
    try:
        import apprise
    except ImportError:
        raise SendFailed(f"Apprise is not installed: {install_extra('notify')}") from None
    for name in ("apprise", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    kind = apprise.NotifyType.WARNING if is_urgent else apprise.NotifyType.INFO
    try:
        service = apprise.Apprise.instantiate(address.reveal(), suppress_exceptions=True)
        if service is None:
            raise SendFailed("Apprise does not know such an address; docs/notifications.md shows some")
        is_taken = service.notify(body=body, title=title, notify_type=kind)
    except SendFailed:
        raise
    except Exception as error:  # of any of a hundred services; the words may hold the address
        raise SendFailed(f"Apprise failed ({type(error).__name__})") from None
    if not is_taken:
        raise SendFailed("the service did not take it, or cannot be reached")
