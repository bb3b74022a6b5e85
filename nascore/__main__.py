"""`python -m nascore` is the `nascore` command."""

import sys

from nascore.cli import main

if __name__ == "__main__":  # worker processes import this module again
    sys.exit(main())
