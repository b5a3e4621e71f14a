"""One module for each dialog: it arranges widgets and gives work to the session; `render` makes its texts."""
