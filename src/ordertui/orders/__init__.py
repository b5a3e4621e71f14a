"""What an order is: frozen values, closed enums, money, marketplaces and the clock.

Nothing here reads a file, knows a rule, a format or a screen. Times are UTC epoch seconds; money is an
integer of minor units with its currency; every id is text.
"""
