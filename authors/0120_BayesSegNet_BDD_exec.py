"""The authors' name for `unexpected train 0120_bayes_segnet_bdd`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0120_bayes_segnet_bdd", *sys.argv[1:]]))
