"""What the screen says, as pure functions: values in, `Content` out. No widget and no clock, so every sentence can be tested."""
