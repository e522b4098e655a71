"""The authors' name for `unexpected train 0121_psp_ensemble_bdd`: the member's number 0..4, then the same options."""

import sys

from unexpected_core.cli.main import main

if __name__ == "__main__":
    if len(sys.argv) < 2 or not sys.argv[1].isdigit():
        sys.exit("usage: 0121_PSPEns_BDD_train_one.py MEMBER [options of unexpected train]")
    sys.exit(main(["train", "0121_psp_ensemble_bdd", "--set", f"task.member={sys.argv[1]}", *sys.argv[2:]]))
