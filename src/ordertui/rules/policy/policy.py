"""The policies in force: loaded from data, checked, and asked. A policy that has any problem is refused as a whole."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from ordertui.orders.enums import Action, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money
from ordertui.rules.auto_cancel import AutoCancelSchedule
from ordertui.rules.problems import PolicyError, PolicyProblem
from ordertui.rules.situation import MARKETPLACE, Situation, situation_number, situation_places
from ordertui.rules.tables.explanation import Explanation, because, nearest
from ordertui.rules.tables.table import Row, Table
from ordertui.rules.tables.verdict import Verdict

from .edition import EDITIONS, ENGLISH, PolicyData, bundled
from .house_rules import HousePolicy, HouseRule
from .settings import Entry, Setting

DEFAULT = "US"
"""Whose policy answers for a marketplace that no policy names."""

__all__ = ["EDITIONS", "Policies", "Policy", "PolicyError", "PolicyProblem", "Setting", "load"]


class Policy:
    """The rules of one marketplace at one time."""

    def __init__(
        self, marketplace: str, data: PolicyData, day: date, own: Mapping[str, Entry], rules: Sequence[HouseRule]
    ) -> None:
        self.marketplace = marketplace
        self.edition = data.edition
        self.house_rules = tuple(rules)
        """The user's own rules, in the order of his file."""
        self._data = data
        self._place = MARKETPLACE.values.index(marketplace)
        self._tables = {name: table.on(day) for name, table in data.tables.items()}
        self._settings = data.settings_of(marketplace, day, own)
        market = MARKETPLACES[marketplace]
        self.zone = market.zone
        """IANA zone in which the window's days begin and end."""
        value = {name: setting.raw for name, setting in self._settings.items()}
        self.rate_target: Fraction = value["rate_target"]
        """The rate must stay strictly under it."""
        self.rate_days: tuple[int, ...] = value["rate_days"]
        self.late_shipment_target: Fraction = value["late_shipment_target"]
        self.late_shipment_days: tuple[int, ...] = value["late_shipment_days"]
        self.valid_tracking_target: Fraction = value["valid_tracking_target"]
        self.valid_tracking_days: tuple[int, ...] = value["valid_tracking_days"]
        self.offer_removal: tuple[int, int] = value["offer_removal"]
        """So many seller cancellations of an offer in a row, on orders placed within so many days."""
        self.near: Fraction = value["near"]
        """From this share of the target on, the status says near."""
        self.typed_count_from: int = value["typed_count_from"]
        """From so many orders on, the count must be typed to commit."""
        self.forecast_hours: int = value["forecast_hours"]
        self.plan_expires_seconds: int = value["plan_expires_minutes"] * 60
        self.buyer_cancel_seconds: int = value["buyer_cancel_minutes"] * 60
        """How long a buyer may cancel by himself."""
        self._hold: Mapping[str, int] = value["hold_minutes"]
        self._deadlines = AutoCancelSchedule(value["auto_cancel"], market.zone, market.country)
        self._asked = [self._tables[name] for name in (*(action.value for action in _ACTIONS), "counts", "warn")]
        self._made: dict[tuple[int, ...], tuple[Verdict, ...]] = {}
        self.decision_signature = decides_like(self._tables, marketplace)
        """Equal for marketplaces that give the same verdicts for every situation."""
        self._verdicts: dict[int, tuple[Verdict, ...]] = {}
        self._history: dict[int, YesNo] = {}
        self._explained: dict[tuple[int, Action], Explanation] = {}

    def share(self, other: Policy) -> None:
        """Use the verdicts that a policy with the same decision signature has already made."""
        self._verdicts, self._history, self._explained = other._verdicts, other._history, other._explained

    def verdicts(self, situation: Situation) -> tuple[Verdict, ...]:
        """One verdict per action, in the order of Action."""
        number = situation_number(situation)
        found = self._verdicts.get(number)
        if found is None:
            found = self._verdicts[number] = self._judge(situation)
        return found

    def verdict(self, situation: Situation, action: Action) -> Verdict:
        """The verdict for one action."""
        return self.verdicts(situation)[_ACTIONS.index(action)]

    def _judge(self, situation: Situation) -> tuple[Verdict, ...]:
        """Situations in which the same rows fit share one answer."""
        places = [*situation_places(situation), self._place]
        hits = tuple(table.hits(places) for table in self._asked)
        found = self._made.get(hits)
        if found is None:
            found = self._made[hits] = self._verdicts_of(hits)
        return found

    def _verdicts_of(self, hits: Sequence[int]) -> tuple[Verdict, ...]:
        *acting, counts, warn = zip(self._asked, hits, strict=True)
        rows = {action: table.one(hit) for action, (table, hit) in zip(_ACTIONS, acting, strict=True)}
        counting = counts[0].one(counts[1])
        warnings = [row.why for row in warn[0].named(warn[1])]
        found = []
        for action, row in rows.items():
            instead = row.then.get("instead")
            cancel = action is Action.CANCEL
            found.append(
                Verdict(
                    action=action,
                    allowed=row.then["allowed"] is True,
                    counts=YesNo(counting.then["counts"]) if cancel else YesNo.NO,
                    rule=row.id,
                    why=row.why,
                    source=self._data.cite(row.source),
                    instead=Action(instead) if instead and rows[Action(instead)].then["allowed"] is True else None,
                    counts_rule=counting.id if cancel else "",
                    counts_why=counting.why if cancel else "",
                    note="; ".join(note for note in (row.note, *warnings) if note),
                )
            )
        return tuple(found)

    def explain(self, situation: Situation, action: Action) -> Explanation:
        """The verdict with the facts that decided, and for a denied action the nearest row that would allow it."""
        key = (situation_number(situation), action)
        found = self._explained.get(key)
        if found is None:
            found = self._explained[key] = self._explain(situation, action)
        return found

    def _explain(self, situation: Situation, action: Action) -> Explanation:
        values = (*situation, self.marketplace)
        verdict = self.verdict(situation, action)
        table = self._tables[action.value]
        history = situation.status == "cancelled"
        counting = self._tables["history" if history else "counts"]
        row = counting.row(values) if action is Action.CANCEL and (history or verdict.allowed) else None
        return Explanation(
            action=action,
            allowed=verdict.allowed,
            rule=verdict.rule,
            why=verdict.why,
            because=because(table, table.row(values), values),
            source=verdict.source,
            note=verdict.note,
            instead=verdict.instead,
            counts=YesNo(row.then["counts"]) if row else None,
            counts_rule=row.id if row else "",
            counts_why=row.why if row else "",
            counts_because=because(counting, row, values) if row else (),
            counts_source=self._data.cite(row.source) if row else "",
            nearest=None if verdict.allowed else nearest(table, values),
        )

    def counts_history(self, situation: Situation) -> YesNo:
        """Whether an order that is cancelled counts; UNKNOWN when no report says who cancelled it."""
        number = situation_number(situation)
        found = self._history.get(number)
        if found is None:
            row = self._tables["history"].row((*situation, self.marketplace))
            found = self._history[number] = YesNo(row.then["counts"])
        return found

    def restocks(self, reason: str) -> tuple[YesNo, str]:
        """Whether Amazon puts the units of an order cancelled for this reason back on sale, and why."""
        row = self._tables["restock"].row((reason, self.marketplace))
        return YesNo(row.then["restocks"]), row.why

    def mails(self, action: Action) -> int:
        """How many e-mails Amazon sends to the buyer of an order."""
        return int(self._tables["mail"].row((action.value, self.marketplace)).then["mails"])

    def referral_fee_percent(
        self, action: Action, counts: bool, days_late: int | None, total: Money | None
    ) -> tuple[int, str]:
        """What Amazon charges for it, in percent of the order's referral fee, and why. `days_late`: begun days past ship-by."""
        values = (action.value, self.marketplace, "yes" if counts else "no", days_late, total)
        row = self._tables["fees"].row(values)
        return int(row.then["referral_fee_percent"]), row.why

    def auto_cancel_at(self, ship_by: int) -> int | None:
        """When Amazon cancels an order not confirmed, from its ship-by time; both epoch seconds. None: unknown."""
        return self._deadlines.at(ship_by)

    def hold_seconds(self, action: Action) -> int:
        """How long a committed batch is held."""
        return self._hold[action.value] * 60

    def message_text(self, kind: str) -> str:
        """The text for the buyer: `refuse_parcel` or `ask_to_request`, in the marketplace's language where there is one, else English."""
        return self._data.messages[self.message_language][kind]

    @property
    def message_language(self) -> str:
        """The language of the texts for buyers, such as `de`."""
        return self._data.languages.get(self.marketplace, ENGLISH)

    def settings(self) -> list[Setting]:
        """Every value in force, with its source and the day it was read."""
        return list(self._settings.values())

    def stale(self, now: int) -> list[Setting]:
        """Values read so long ago that they should be looked up again. `now`: epoch seconds."""
        today = datetime.fromtimestamp(now, UTC).date()
        return [
            s
            for s in self._settings.values()
            if s.source_id != "house" and (today - s.checked_on).days > self._data.shelf_life_days
        ]

    def rows(self) -> list[tuple[str, Row, str]]:
        """Every row in force: table, row, source in words."""
        return [(name, row, self._data.cite(row.source)) for name, table in self._tables.items() for row in table.rows]

    def table(self, name: str) -> Table:
        """A table as it is in force."""
        return self._tables[name]

    def conditions(self, table: str, row: Row) -> str:
        """What a row asks for, in words."""
        axes = self._tables[table].axes
        named = [axis.words(mask) for axis, mask in zip(axes, row.box, strict=True) if mask != axis.full]
        return ", ".join(named) or "always"


_ACTIONS = tuple(Action)
_DECIDING = (*(action.value for action in Action), "counts", "history", "warn")


def decides_like(tables: Mapping[str, Table], marketplace: str) -> tuple[object, ...]:
    """Which rows of the tables about orders are open to a marketplace; equal where nothing tells two marketplaces apart."""
    bit = 1 << MARKETPLACE.values.index(marketplace)
    return tuple(tuple(row.id for row in tables[name].rows if row.box[-1] & bit) for name in _DECIDING)


class Policies:
    """The policies of all marketplaces of one edition, with the user's own rules on top; at each time those then in force."""

    def __init__(self, data: PolicyData, house: HousePolicy, now: Callable[[], int]) -> None:
        self.edition = data.edition
        self.title = data.title
        self.checked = data.checked
        self.house = house
        self._data = data
        self._now = now
        self._changes = data.changes()
        self._moments: dict[str, list[int]] = {}
        self._known: dict[tuple[str, int], Policy] = {}

    @property
    def marketplaces(self) -> Sequence[str]:
        """Codes that have a policy of their own."""
        return tuple(MARKETPLACES)

    def of(self, marketplace: str) -> Policy:
        """The policy of a marketplace now; for an unknown code the default's, which says so by its `marketplace`."""
        code = marketplace if marketplace in MARKETPLACES else DEFAULT
        moments = self._moments.get(code)
        if moments is None:
            zone = ZoneInfo(MARKETPLACES[code].zone)
            days = [datetime(d.year, d.month, d.day, tzinfo=zone) for d in self._changes]
            moments = self._moments[code] = [int(day.timestamp()) for day in days]
        era = bisect_right(moments, self._now())
        found = self._known.get((code, era))
        if found is None:
            day = self._changes[era - 1] if era else date.min
            own = self.house.settings_of(code)
            found = Policy(code, self._data, day, own, self.house.rules)
            alike = next(
                (
                    p
                    for (_, e), p in self._known.items()
                    if e == era and p.decision_signature == found.decision_signature
                ),
                None,
            )
            if alike is not None:
                found.share(alike)
            self._known[code, era] = found
        return found


def load(edition: str = "amazon", house: HousePolicy | None = None, *, now: Callable[[], int]) -> Policies:
    """The policies of an edition, with a user's own settings and rules on top. `now` gives epoch seconds. Raises PolicyError."""
    return Policies(bundled(edition), house or HousePolicy(), now)
