"""Amazon's Selling Partner API: one thin client, and nothing that decides.

Here live the operations as data, rate limits, tokens, the transport (the only module that opens a socket), documents and
the reading of answers into orders. No storage, no rules, no policy of what to send when: `operations` has those.
httpx is imported when the first call is made; importing this package imports none of it.
"""
