"""`ordertui`, and `python -m ordertui`: where the program begins."""


def entry() -> None:
    """Run the command line. Ctrl-C while it is still being loaded ends it without a word: nothing has begun."""
    try:
        from ordertui.cli.main import entry as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    entry()
