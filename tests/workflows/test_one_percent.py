"""One percentage reads the same wherever it is shown, and never on the wrong side of its target."""

from fractions import Fraction

from ordertui.cli.messages import share as sentence
from ordertui.cli.rate import share_cell
from ordertui.operations.rate.figures import RateFigure
from ordertui.rules.rate import RateStatus
from ordertui.tui.render.format import format_rate


def test_thirteen_of_521_reads_the_same_everywhere() -> None:
    """FAULTS.md B5: 2.50 % in two places and 2.49 % in a third, against a target under 2.5 %."""
    figure = RateFigure("US", 7, 0, 0, "UTC", 521, 13, 13, "0.025", 0, RateStatus.NEAR, "")
    assert format_rate(figure) == "2.49 %"
    assert sentence(figure) == "13 of 521 (2.49 %)"
    assert share_cell(13, 521, Fraction(25, 1000), "table") == "2.49 %"
    assert share_cell(13, 521, Fraction(25, 1000), "json") == 0.024952
    assert share_cell(24_999_999, 10**9, Fraction(25, 1000), "csv") == 0.024999
