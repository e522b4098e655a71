"""The authors' name for `unexpected train 0516_discrepancy_generator_only`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0516_discrepancy_generator_only", *sys.argv[1:]]))
