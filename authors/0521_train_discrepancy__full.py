"""The authors' name for `unexpected train 0521_discrepancy_full`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0521_discrepancy_full", *sys.argv[1:]]))
