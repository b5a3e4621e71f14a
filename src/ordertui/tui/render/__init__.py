"""The texts of the screen as pure functions: values in, `Content` out. No widget and no clock, so each can be tested."""
