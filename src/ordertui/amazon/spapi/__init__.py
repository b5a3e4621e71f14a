"""One thin client for Amazon's Selling Partner API. It takes no decisions.

The package declares the operations as data and holds rate limits, access tokens, the transport (the only module that
opens a socket), document transfer, and the conversion of orders into store rows. It has no storage and does not decide
what is sent when: `ordertui.operations` does. httpx is imported when the first call is made, never when this package is
imported.
"""
