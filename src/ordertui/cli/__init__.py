"""The command line: the twin of the screen. Parses, calls `operations`, prints. No rule, format or SQL lives here."""
