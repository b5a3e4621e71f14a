"""One process that tells what is due, and is killed at a step of it.

python notify_worker.py STORE NOW STEP COMMAND...: STEP is `begin`, `send` or `finish` (killed before it), or `command`
(killed when the file exists that the command's last argument names).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from ordertui.operations.config import Config, NotifyConfig, ReceiverConfig
from ordertui.operations.notify import service
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import AlertKind
from ordertui.store.repositories.notifications import NotificationLog


def die(*_args: Any, **_more: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def die_while(mark: Path) -> None:
    """Die as soon as the command has made its mark."""
    while not mark.exists():
        pass
    die()


def main(store: str, now: str, step: str, *command: str) -> None:
    if step == "begin":
        NotificationLog.begin = die  # type: ignore[method-assign]
    elif step == "send":
        vars(service)["send"] = die
    elif step == "finish":
        NotificationLog.finish = die  # type: ignore[method-assign]
    elif step == "command":
        threading.Thread(target=die_while, args=(Path(command[-1]),), daemon=True).start()
    told = NotifyConfig(receivers=(ReceiverConfig("team", command, kinds=(AlertKind.BUYER_REQUEST,)),))
    place = store if "://" in store else Path(store)
    with Session.open(place, clock=FixedClock(int(now)), config=Config(notify=told)) as session:
        session.notifications.send_due()


if __name__ == "__main__":
    main(*sys.argv[1:])
