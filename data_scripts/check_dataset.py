"""Look a data set over: python data_scripts/check_dataset.py data/Market-1501

Market-1501, MSMT17, DukeMTMC-reID and Toy Market are recognised and compared with their published counts. Every image
is opened to its last row. Prints a report; ends with 0 when all is well and with 1 when not.

DukeMTMC-reID is read, but no script here fetches it: its authors withdrew it in 2019, since it shows people on a campus
who were filmed without their consent.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dgnet_lite.data.inspect import as_text, inspect
from dgnet_lite.data.published import PUBLISHED


def main(arguments: list[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    expect = None if args.expect == "none" else args.expect
    try:
        report = inspect(args.folder, expect=expect, decode=not args.quick, workers=args.workers)
    except PermissionError as error:
        print(f"PermissionError: {error.filename} may not be read. Make it readable for you.", file=sys.stderr)
        return 1
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(as_text(report))
    return 1 if report.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of the data set")
    parser.add_argument(
        "--expect",
        choices=("recognised", *PUBLISHED, "none"),
        default="recognised",
        help="whose published counts must hold; none: compare with nothing. Default: %(default)s",
    )
    parser.add_argument("--quick", action="store_true", help="count the images, but do not open each")
    parser.add_argument("--workers", type=int, default=None, help="processes that open images; default: one per CPU")
    return parser


if __name__ == "__main__":
    sys.exit(main())
