"""The guided tour of the practice store."""
