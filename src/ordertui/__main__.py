"""`python -m ordertui`."""

from ordertui.cli.main import entry

if __name__ == "__main__":
    entry()
