"""The operator's work, headless: import, marks, plan, commit, hold, take back, dispatch, results, rates.

`session.Session` is the one door for the screen and the command line. Nothing here prints, draws or asks; services
return frozen values and raise the errors of `errors`. No Textual, no SQL.
"""
