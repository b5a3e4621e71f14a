"""What the screen says, as functions of values: no widget, no clock of its own, so every sentence can be tested."""
