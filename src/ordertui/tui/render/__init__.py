"""The texts of the screen as pure functions: values in, `Content` out. No widget, no clock."""
