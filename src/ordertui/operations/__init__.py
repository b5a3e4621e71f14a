"""The operator's work, without a screen: import, mark, plan, commit, hold, take back, dispatch, results.

The command line and the screen call the same operations through `Shop`. Nothing here imports Textual or opens a
database by itself.
"""
