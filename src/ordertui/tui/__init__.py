"""The terminal app: screens and widgets over `operations.Session`; it opens no file, database or socket itself."""
