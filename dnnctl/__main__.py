"""The entry of `dnnctl` and `python -m dnnctl`. It imports everything itself, so that Ctrl-C ends it quietly."""


def main() -> None:
    """Run the command that the arguments name."""
    try:
        from dnnctl.cli.app import main as run_command

        run_command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
