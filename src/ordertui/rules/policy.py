"""The policies in force: loaded from data, checked, and asked. A policy that has any problem is refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.status import Action, YesNo

from .deadline import Deadlines
from .facts import Situation, situation_number
from .problems import PolicyError, PolicyProblem
from .reading import PolicyData, Setting, bundled, user_settings
from .table import Row
from .verdict import Verdict

DEFAULT = "US"
"""Whose policy answers for a marketplace that no policy names."""
LANGUAGE = "en"

__all__ = ["EDITIONS", "Policies", "Policy", "PolicyError", "PolicyProblem", "Setting", "load"]

EDITIONS = ("amazon", "article")


class Policy:
    """The rules of one marketplace."""

    def __init__(
        self, marketplace: str, data: PolicyData, settings: Mapping[str, Setting], inherited_from: str | None
    ) -> None:
        self.marketplace = marketplace
        self.edition = data.edition
        self.inherited_from = inherited_from
        """The marketplace whose policy answers, when none names this one."""
        self._data = data
        self._settings = settings
        market = MARKETPLACES[inherited_from or marketplace]
        self.zone = market.zone
        """IANA zone in which the window's days begin and end."""
        value = {name: setting.raw for name, setting in settings.items()}
        self.rate_target: Fraction = value["rate_target"]
        """The rate must stay strictly under it."""
        self.rate_days: tuple[int, ...] = value["rate_days"]
        self.near: Fraction = value["near"]
        """From this share of the target on, the status says near."""
        self.typed_count_from: int = value["typed_count_from"]
        """From so many orders on, the count must be typed to commit."""
        self.plan_expires_seconds: int = value["plan_expires_minutes"] * 60
        self.buyer_cancel_seconds: int = value["buyer_cancel_minutes"] * 60
        """How long a buyer may cancel by himself."""
        self._hold: Mapping[str, int] = value["hold_minutes"]
        self._deadlines = Deadlines(value["auto_cancel"], market.zone, market.country)
        self._verdicts: dict[int, tuple[Verdict, ...]] = {}
        self._history: dict[int, YesNo] = {}

    def verdicts(self, situation: Situation) -> tuple[Verdict, ...]:
        """One verdict per action, in the order of Action."""
        number = situation_number(situation)
        found = self._verdicts.get(number)
        if found is None:
            found = self._verdicts[number] = tuple(self._judge(situation, action) for action in Action)
        return found

    def verdict(self, situation: Situation, action: Action) -> Verdict:
        """The verdict for one action."""
        return self.verdicts(situation)[tuple(Action).index(action)]

    def _judge(self, situation: Situation, action: Action) -> Verdict:
        row = self._data.tables[action.value].row(situation)
        instead = row.then.get("instead")
        notes = [row.note, *(warning.why for warning in self._data.tables["warn"].collect(situation))]
        counting = self._data.tables["counts"].row(situation) if action is Action.CANCEL else None
        return Verdict(
            action=action,
            allowed=row.then.get("allowed") is True,
            counts=YesNo(str(counting.then["counts"])) if counting else YesNo.NO,
            rule=row.id,
            why=row.why,
            source=self._cite(row),
            instead=Action(str(instead)) if instead else None,
            counts_rule=counting.id if counting else "",
            counts_why=counting.why if counting else "",
            note="; ".join(note for note in notes if note),
        )

    def _cite(self, row: Row) -> str:
        return self._data.cite(row.source)

    def counts_history(self, situation: Situation) -> YesNo:
        """Whether an order that is cancelled counts; UNKNOWN when no report says who cancelled it."""
        number = situation_number(situation)
        found = self._history.get(number)
        if found is None:
            found = self._history[number] = YesNo(str(self._data.tables["history"].row(situation).then["counts"]))
        return found

    def auto_cancel_at(self, ship_by: int) -> int | None:
        """When Amazon cancels an order not confirmed, from its ship-by time; both epoch seconds. None: unknown."""
        return self._deadlines.at(ship_by)

    def hold_seconds(self, action: Action) -> int:
        """How long a committed batch is held."""
        return self._hold[action.value] * 60

    def message_text(self, kind: str) -> str:
        """The text for the buyer: `refuse_parcel` or `ask_to_request`, in the marketplace's language where there is one, else English."""
        language = self._data.languages.get(self.marketplace, LANGUAGE)
        return self._data.messages[language][kind]

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


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of all marketplaces of one edition."""

    edition: str
    title: str
    checked: date
    by_code: Mapping[str, Policy]

    @property
    def marketplaces(self) -> Sequence[str]:
        """Codes that have a policy of their own."""
        return tuple(self.by_code)

    def of(self, marketplace: str) -> Policy:
        """The policy of a marketplace; for an unknown code the default's, with `inherited_from` set."""
        return self.by_code.get(marketplace) or self.by_code[DEFAULT]


def load(edition: str = "amazon", user_file: Path | None = None) -> Policies:
    """The policies of an edition, with a user's own settings on top. Raises PolicyError with every problem found."""
    if edition not in EDITIONS:
        raise PolicyError(
            [PolicyProblem("policy", 0, 0, f"there is no edition {edition!r}; there are: {', '.join(EDITIONS)}")]
        )
    data = bundled(edition)
    own = user_settings(user_file, data) if user_file is not None else {}
    by_code = {code: Policy(code, data, data.settings_of(code, own), None) for code in MARKETPLACES}
    return Policies(edition, data.title, data.checked, by_code)
