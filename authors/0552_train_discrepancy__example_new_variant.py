"""The authors' name for `unexpected train 0552_example_new_variant`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0552_example_new_variant", *sys.argv[1:]]))
