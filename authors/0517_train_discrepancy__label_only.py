"""The authors' name for `unexpected train 0517_discrepancy_labels_only`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0517_discrepancy_labels_only", *sys.argv[1:]]))
