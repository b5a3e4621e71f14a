"""What the keys of the main screen do. The modules are imported when a command of theirs is first used."""
