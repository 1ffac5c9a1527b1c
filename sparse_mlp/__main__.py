"""The command line as `python -m sparse_mlp`."""

from sparse_mlp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
