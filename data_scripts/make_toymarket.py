"""Draw a Toy Market: python data_scripts/make_toymarket.py data/toy --preset toy --height 64 --sheet contact.png

Prints what was drawn and how fast. Every number of the preset can be changed by a flag of its name.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dgnet_lite.data.toymarket import PRESETS, Spec, ToyMarket, write


def main(arguments: list[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    try:
        changed = {name: value for name in _spec_names() if (value := getattr(args, name)) is not None}
        spec = replace(PRESETS[args.preset], **changed)
        start = time.perf_counter()
        folder = write(args.folder, spec, height=args.height, seed=args.seed, workers=args.workers)
        seconds = time.perf_counter() - start
        print(", ".join(f"{name} {count:,}" for name, count in spec.counts.items()))
        print(f"{spec.counts['total'] / seconds:,.0f} images/s ({seconds:.1f} s at {args.height}x{args.height // 2})")
        print(folder)
        if args.sheet:
            contact_sheet(ToyMarket.load(folder), rows=args.sheet_rows).save(args.sheet)
            print(args.sheet)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a new folder for the set")
    parser.add_argument("--preset", choices=PRESETS, default="toy")
    parser.add_argument("--height", type=int, default=128, help="of the pictures, 64 to 256; the width is half")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=None, help="processes; default: one per CPU")
    parser.add_argument("--sheet", type=Path, help="save a contact sheet there")
    parser.add_argument("--sheet-rows", type=int, default=6, help="rows in each half of the sheet")
    numbers = parser.add_argument_group("numbers that replace the preset's")
    for name, kind in _spec_names().items():
        numbers.add_argument("--" + name.replace("_", "-"), type=kind, default=None)
    return parser


def _spec_names() -> dict[str, type]:
    return {field.name: int if field.type == "int" else float for field in fields(Spec)}


def contact_sheet(market: ToyMarket, *, rows: int = 6, columns: int = 12) -> Image.Image:
    """Above: one row an identity, its images. Below: people in the same outfit, three and three."""
    table = market.factors[market.factors["id"] > 0]
    by_id = [list(group.index[:columns]) for _, group in table.groupby("id", sort=False)][:rows]
    first = table.drop_duplicates("id")
    outfits = first.groupby(["upper", "upper2", "pattern", "pattern_scale", "lower", "shoes"], sort=False)
    threes = [list(group.index[:3]) for _, group in outfits if len(group) >= 3]
    each = columns // 3
    by_outfit = [list(chain(*threes[k : k + each])) for k in range(0, len(threes), each)][:rows]
    parts = [("one identity a row", by_id), ("three people in each outfit", by_outfit)]

    height, width, title = market.height, market.height // 2, 14
    sheet = Image.new("RGB", (columns * width, sum(len(part) * height + title for _, part in parts)), "white")
    draw, y = ImageDraw.Draw(sheet), 0
    for text, part in parts:
        draw.text((4, y + 1), text, fill="black")
        y += title
        for keys in part:
            strip = np.concatenate([np.asarray(Image.open(market.folder / key)) for key in keys], axis=1)
            sheet.paste(Image.fromarray(strip), (0, y))
            y += height
    return sheet


if __name__ == "__main__":
    sys.exit(main())
