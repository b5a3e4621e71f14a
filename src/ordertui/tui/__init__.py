"""The screen: the app, its screens and widgets. It talks to `operations.Session` only; it opens no file, database or socket."""
