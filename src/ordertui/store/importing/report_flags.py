"""What order reports say of an order beside its lines, as they said it last: Amazon's own flags, and its program."""

from __future__ import annotations

from collections.abc import Mapping

from ordertui.orders.api_facts import program_bars
from ordertui.orders.enums import Program, Verge, YesNo
from ordertui.orders.order import LinesKnown, OrderFlags
from ordertui.store.engine.database import Database, as_parameter

from .fields import bit


class ReportFlags:
    """Keeps the flags of reports. The newer report wins, and so does what the API says of a program later."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, flags: Mapping[str, OrderFlags], as_of: int) -> None:
        """Keep flags by order id, of a report of this date (epoch seconds).

        An order of which one changes gets a new version, so that a plan made before is made again.
        """
        verges = [(one, f.verge.value) for one, f in flags.items() if f.verge is not Verge.UNKNOWN]
        programs = [
            (one, f.program.value, int(program_bars(f.program)))
            for one, f in flags.items()
            if f.program is not Program.UNKNOWN
        ]
        prime = [one for one, f in flags.items() if f.prime is YesNo.YES]
        database, left = self._database, int(LinesKnown.PARCEL_LEFT | LinesKnown.UNREAD)
        with database.write():
            if verges:
                database.execute(
                    "UPDATE orders SET verge = v.verge, verge_at = :at,"
                    f" version = orders.version + {bit('orders.verge IS DISTINCT FROM v.verge')} FROM"
                    f" {database.values_sql('new', order_id=str, verge=str)} AS v"
                    " WHERE orders.order_id = v.order_id AND coalesce(orders.verge_at, 0) <= :at",
                    {"new": as_parameter(verges), "at": as_of},
                )
            if programs:
                database.execute(
                    f"UPDATE orders SET program = v.program, program_at = :at, bars = (orders.bars & {left}) | v.bars,"
                    f" version = orders.version + {bit('orders.program <> v.program')} FROM"
                    f" {database.values_sql('new', order_id=str, program=str, bars=int)} AS v"
                    " WHERE orders.order_id = v.order_id AND coalesce(orders.program_at, 0) <= :at",
                    {"new": as_parameter(programs), "at": as_of},
                )
            if prime:
                database.execute(
                    f"UPDATE orders SET prime = 'yes', version = orders.version + 1 FROM"
                    f" {database.values_sql('new', order_id=str)} AS v"
                    " WHERE orders.order_id = v.order_id AND coalesce(orders.prime, 'unknown') = 'unknown'",
                    {"new": as_parameter(prime)},
                )
