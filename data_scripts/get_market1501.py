"""Unpack Market-1501 and check it; fetch it first, if you like and agree to the terms.

    python data_scripts/get_market1501.py --archive Market-1501-v15.09.15.zip     an archive that you have
    python data_scripts/get_market1501.py --url https://...                       from a place that you name
    python data_scripts/get_market1501.py                                         from where its authors' page points to

The new folder appears when everything is whole: 12,936 / 3,368 / 19,732 images, 751 / 750 identities, every image
readable. A transfer that breaks off goes on when the same command is given again. An archive that was fetched is kept
beside the folder; delete it when you like.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from dgnet_lite.data.archives import check_target, unpack
from dgnet_lite.data.download import download
from dgnet_lite.data.inspect import as_text, insist
from dgnet_lite.data.reid import GALLERY, QUERY, TRAIN

PAGE = "https://zheng-lab-anu.github.io/Project/project_reid.html"
ARCHIVE = "Market-1501-v15.09.15.zip"
MD5 = "65005ab7d12ec1c44de4eeafe813e68a"  # of that archive, by open-reid (reid/datasets/market1501.py)
LIMIT = 2e9  # bytes, unpacked; ten times what it needs


class Source(NamedTuple):
    url: str
    what: str


SOURCES = {
    "drive": Source(  # the page's link, in the form that answers with the file and not with a page about it
        "https://drive.usercontent.google.com/download?id=0B8-rUzbwVRk0c054eEozWG9COHM"
        "&resourcekey=0-8nyl7K9_x37HlQm34MmrYQ&export=download&confirm=t",
        "Google Drive, link 1 of the authors' page",
    ),
    "mirror": Source(
        "http://188.138.127.15:81/Datasets/Market-1501-v15.09.15.zip",
        "a server, link 3 of the authors' page; reported in December 2022 not to answer",
    ),
}

TERMS = f"""\
Market-1501 is by L. Zheng, L. Shen, L. Tian, S. Wang, J. Wang and Q. Tian, Scalable Person Re-identification: A
Benchmark, ICCV 2015. Six cameras in front of a supermarket at Tsinghua University filmed 1,501 people.

The authors' page, {PAGE},
states no licence and does not say that these people were asked. It asks you to cite the paper. We ask for more. By
going on you agree that you will
  1. use the images for research and teaching only, not commercially;
  2. not pass them on, nor publish pictures in which a person can be recognised;
  3. not use them to find out who somebody is, or to follow people;
  4. cite the paper, and keep to the law and the rules of the place where you work;
  5. delete them when you need them no longer, or when their authors withdraw them.
"""


def main(arguments: list[str] | None = None, ask: Callable[[str], str] = input) -> int:
    args = _parser().parse_args(arguments)
    try:
        check_target(args.folder)
        archive = args.archive or _fetch(args, ask)
        check = partial(insist, archive, expect="market1501", decode=not args.quick, workers=args.workers)
        report = unpack(archive, args.folder, holds=(TRAIN, QUERY, GALLERY), limit=LIMIT, check=check)
        print(as_text(replace(report, root=args.folder)))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped, and nothing unpacked. What was fetched is kept: the same command goes on.", file=sys.stderr)
        return 130
    return 0


def _fetch(args: argparse.Namespace, ask: Callable[[str], str]) -> Path:
    """The archive, fetched when the terms are agreed to."""
    url, what, md5 = args.url, "the place that you named", None
    name = PurePosixPath(urlsplit(url or "").path).name
    if not url:
        (url, what), name, md5 = SOURCES[args.source], ARCHIVE, MD5
    if not PurePosixPath(name).suffix:  # "download", or nothing: no name of a file
        name = f"{args.folder.name}.archive"
    print(f"{TERMS}\nSource: {what}\n  {url}\n")
    if not args.agree and not _says_yes(ask):
        raise PermissionError(
            "nothing was fetched, since the terms above were not agreed to. Agree to them with --agree, or give an "
            "archive that you have with --archive."
        )
    return download(url, args.folder.absolute().parent / name, md5=md5)


def _says_yes(ask: Callable[[str], str]) -> bool:
    try:
        return ask("Do you agree? [yes/no] ").strip().lower() in ("y", "yes")
    except EOFError:  # nobody is there to answer
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("data/Market-1501"), help="new; default: %(default)s"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--archive", type=Path, help="a zip or tar file that you have")
    source.add_argument("--url", help="an http or https address of such a file")
    sources = "; ".join(f"{name}: {source.what}" for name, source in SOURCES.items())
    source.add_argument("--source", choices=SOURCES, default="drive", help=f"{sources}. Default: %(default)s")
    parser.add_argument("--agree", action="store_true", help="agree to the terms without being asked; read them first")
    parser.add_argument("--quick", action="store_true", help="count the images, but do not open each")
    parser.add_argument("--workers", type=int, default=None, help="processes that open images; default: one per CPU")
    return parser


if __name__ == "__main__":
    sys.exit(main())
