"""Fetch one large file: with progress, with new attempts, and going on where a broken transfer stopped.

pooch tries again and puts the file in its place only when it has come. It does not resume: each of its attempts starts
from nothing, and it deletes what came. So its downloader is ours here, and asks for the missing bytes (HTTP Range).
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch
import requests

from dgnet_lite.data import folders
from dgnet_lite.progress import progress as progress_bar
from dgnet_lite.progress import say

CHUNK = 1 << 16  # bytes; the last, unfinished one of a broken transfer is lost
TIMEOUT = (10, 60)  # seconds: to connect, and between two pieces


def download(url: str, file: Path, *, md5: str | None = None, attempts: int = 4, progress: bool = True) -> Path:
    """Fetch `url` to `file`. A file that is already there is kept and not fetched again.

    What has come lies beside it in `part_of(url, file)` until the transfer is whole; the next call goes on from there.

    Args:
        url: http or https.
        file: where to; its folder is made.
        md5: hexadecimal, of the whole file, if it is known; of a file that was there as well.
        attempts: how often to ask, at least 1.
        progress: show a bar.

    Raises:
        ValueError: `url` is not of the web, or the file has another MD5.
        ConnectionError: the server cannot be reached, refuses, or breaks off every time.
        OSError: it sends a web page in place of a file, the disk is full, or nothing may be written there.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ValueError(f"{url!r} is no web address: give one that begins with http:// or https://")
    part = part_of(url, file)
    if file.exists():
        say(f"{file} is there already and is used. To fetch it again, delete it first.")
    else:
        registry = pooch.create(
            path=file.parent,
            base_url="",
            registry={file.name: None},
            urls={file.name: url},
            retry_if_failed=attempts - 1,
        )
        try:
            registry.fetch(file.name, downloader=partial(_fetch_rest, part=part, show=progress))
        except requests.exceptions.RequestException as error:
            kept = f" The {part.stat().st_size:,} bytes that came are kept in {part}." if part.exists() else ""
            raise ConnectionError(
                f"{url} could not be fetched in {attempts} attempts: {error}.{kept} Give the same command again to go "
                "on from there, or fetch the archive by other means and give it with --archive."
            ) from error
        except PermissionError as error:
            raise OSError(
                f"nothing may be written in {file.parent}, so nothing was fetched. Give another folder, or make that "
                "one writable for you."
            ) from error
        except OSError as error:
            if not folders.disk_is_full(error):
                raise
            raise OSError(
                f"the disk of {file.parent} is full. What came is kept in {part}. Make room and give the same command "
                "again, or delete it and give another folder."
            ) from error
    if md5 and (is_md5 := pooch.file_hash(str(file), alg="md5")) != md5:
        raise ValueError(
            f"{file} is not the archive that was expected: its MD5 is {is_md5}, not {md5}. Delete it and fetch it "
            "again; if you trust it all the same, give it with --archive, and its contents are checked."
        )
    return file


def part_of(url: str, file: Path) -> Path:
    """Where the first bytes of `file` wait for the rest. The name depends on `url`: two sources are never mixed."""
    return file.with_name(f"{file.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")


def _fetch_rest(url: str, output_file: str, _: Any, *, part: Path, show: bool) -> None:
    """Downloader for pooch: fetch what `part` lacks, then make it `output_file`. pooch retries after requests' errors.

    A server that does not know Range sends everything (200), and `part` begins anew.
    """
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        told = answer.headers.get("Content-Range", "")
        if answer.status_code == 416 and told == f"bytes */{have}":  # nothing follows: it was whole
            part.replace(output_file)
            return
        resumes = answer.status_code == 206 and told.startswith(f"bytes {have}-")
        if answer.status_code in (206, 416) and not resumes:
            part.unlink(missing_ok=True)
            raise requests.exceptions.ConnectionError("the server could not go on where the last transfer stopped")
        _refuse_what_is_no_file(answer)
        have = have if resumes else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        bar = progress_bar(
            show=show, total=total, initial=have, desc="downloading", unit="B", unit_scale=True, unit_divisor=1000
        )
        with bar, part.open("ab" if resumes else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    size = part.stat().st_size
    if total is not None and size != total:
        raise requests.exceptions.ConnectionError(f"{size:,} of {total:,} bytes came")
    part.replace(output_file)


def _refuse_what_is_no_file(answer: requests.Response) -> None:
    """Errors that another attempt would not mend are not requests' own, so that pooch lets them through."""
    by_hand = "Fetch the archive in a browser and give it with --archive."
    if 400 <= answer.status_code < 500:
        raise ConnectionError(f"{answer.url} is refused: {answer.status_code} {answer.reason}. {by_hand}")
    answer.raise_for_status()
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise OSError(f"{answer.url} sends a web page, not an archive; it may want a click or a login. {by_hand}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":  # its ranges would be of other bytes than ours
        raise OSError(f"{answer.url} sends the file in another encoding, which cannot be resumed. {by_hand}")
