"""The policies in force: the bundled edition and a seller's house rules, read and checked."""
