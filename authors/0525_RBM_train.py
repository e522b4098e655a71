"""The authors' name for `unexpected train 0525_rbm_road`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0525_rbm_road", *sys.argv[1:]]))
