"""Unpack MSMT17 and check it: python data_scripts/get_msmt17.py --archive MSMT17_V1.tar.gz

Nothing is fetched here. MSMT17 (L. Wei, S. Zhang, W. Gao, Q. Tian, Person Transfer GAN to Bridge Domain Gap for Person
Re-Identification, CVPR 2018) is had from its authors on request, since their page has been reported gone from 2019 on;
their repository is https://github.com/pkuvmc/PTGAN. Keep to what they ask of you, and do not pass the images on.

The archive must hold list_train.txt, list_val.txt, list_query.txt and list_gallery.txt beside train/ and test/ (or
mask_train_v2/ and mask_test_v2/, where faces are blurred). The new folder appears when everything is whole: 32,621 /
11,659 / 82,161 images, 1,041 / 3,060 identities, 15 cameras, every image readable.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from dgnet_lite.data.archives import unpack
from dgnet_lite.data.inspect import as_text, insist
from dgnet_lite.data.msmt17 import LIST_NAMES

LIMIT = 20e9  # bytes, unpacked


def main(arguments: list[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    try:
        check = partial(insist, args.archive, expect="msmt17", decode=not args.quick, workers=args.workers)
        report = unpack(args.archive, args.folder, holds=LIST_NAMES, limit=LIMIT, check=check)
        print(as_text(replace(report, root=args.folder)))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("data/MSMT17"), help="new; default: %(default)s")
    parser.add_argument("--archive", type=Path, required=True, help="a zip or tar file that its authors gave you")
    parser.add_argument("--quick", action="store_true", help="count the images, but do not open each")
    parser.add_argument("--workers", type=int, default=None, help="processes that open images; default: one per CPU")
    return parser


if __name__ == "__main__":
    sys.exit(main())
