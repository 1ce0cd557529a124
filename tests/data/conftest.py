"""Tiny data sets of drawn noise, and archives of them, for the tests of what reads, unpacks and checks real ones."""

import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from dgnet_lite.data import published
from dgnet_lite.data.published import Published

MARKET = {
    "bounding_box_train": ["0002_c1s1_000451_03.jpg", "0002_c2s2_000001_00.jpg", "0007_c1s1_000151_01.jpg"],
    "query": ["0003_c1s1_000001_00.jpg"],
    "bounding_box_test": ["0003_c2s1_000002_00.jpg", "0000_c1s1_000151_01.jpg", "-1_c2s1_000401_03.jpg"],
}
MSMT17 = {
    "list_train.txt": {"0000/0000_000_01_0303morning_0015_0.jpg": 0, "0001/0001_000_15_0303noon_0284_2_ex.jpg": 1},
    "list_val.txt": {"0000/0000_001_02_0303morning_0016_0.jpg": 0},
    "list_query.txt": {"0000/0000_000_03_0113noon_0001_0.jpg": 0},
    "list_gallery.txt": {"0000/0000_001_04_0113noon_0002_0.jpg": 0, "0002/0002_000_12_0114noon_0003_1.jpg": 2},
}


def jpeg(seed: int = 0, size: tuple[int, int] = (16, 32)) -> bytes:
    """A JPEG with enough in it to be worth cutting off."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def market_files(**changes: list[str]) -> dict[str, bytes]:
    """{path: content} of a tiny Market-1501; the keywords replace the names in a folder."""
    return {f"{folder}/{name}": jpeg() for folder, names in (MARKET | changes).items() for name in names}


def msmt17_files(train: str = "train", test: str = "test", **changes: str) -> dict[str, bytes]:
    """{path: content} of a tiny MSMT17; the keywords (without ".txt") replace the text of a list, not the images."""
    files = {}
    for name, lines in MSMT17.items():
        half = train if name in ("list_train.txt", "list_val.txt") else test
        files |= {f"{half}/{path}": jpeg() for path in lines}
        text = "".join(f"{path} {identity}\n" for path, identity in lines.items())
        files[name] = changes.get(name.removesuffix(".txt"), text).encode()
    return files


def write_files(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, files: dict[str, bytes], inside: str = "Market-1501-v15.09.15/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(inside + name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], inside: str = "MSMT17_V1/", mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(inside + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def tiny() -> SimpleNamespace:
    """Makers of tiny data sets: market(), msmt17() -> {path: content}; write(), zip(), tar() put such files on disk."""
    return SimpleNamespace(
        jpeg=jpeg, market=market_files, msmt17=msmt17_files, write=write_files, zip=write_zip, tar=write_tar
    )


@pytest.fixture
def tiny_counts(monkeypatch):
    """Market-1501 and MSMT17 are published as the tiny sets are."""
    market = Published(
        title="Market-1501",
        images={"train": 3, "query": 1, "gallery": 3},
        ids={"train": 2, "query": 1, "gallery": 1},
        cameras=2,
        not_persons={0: 1, -1: 1},
    )
    msmt17 = Published(
        title="MSMT17",
        images={"train": 3, "query": 1, "gallery": 2},
        ids={"train": 2, "query": 1, "gallery": 2},
        cameras=6,
    )
    monkeypatch.setitem(published.PUBLISHED, "market1501", market)
    monkeypatch.setitem(published.PUBLISHED, "msmt17", msmt17)


class FileServer(ThreadingHTTPServer):
    """Serves `content` at every address, as badly as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = b""
        self.ranges = True  # whether it knows Range
        self.stops: list[int] = []  # bytes after which each coming answer breaks off
        self.status = 200
        self.headers = {"Content-Type": "application/zip"}
        self.asked: list[str | None] = []  # the Range of each request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/sets/archive.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
        body, whole, status = server.content[first:], len(server.content), server.status
        headers = dict(server.headers)
        if first:
            status = 206 if body else 416
            headers["Content-Range"] = f"bytes {first}-{whole - 1}/{whole}" if body else f"bytes */{whole}"
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: server.stops.pop(0)] if server.stops else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
