"""The screen: the app, its screens and widgets. It talks to `operations.Shop` only; it opens no file, database or socket."""
