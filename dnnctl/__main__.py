"""`python -m dnnctl` is `dnnctl`."""

from dnnctl.cli.app import main

if __name__ == "__main__":
    main()
