"""The authors' name for `unexpected train 0405_pix2pixhd_nostyle_ctc_crop`; takes the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "0405_pix2pixhd_nostyle_ctc_crop", *sys.argv[1:]]))
