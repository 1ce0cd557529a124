"""The scripts for real data sets, from the command line to the folder."""

import errno
import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from dgnet_lite.data.msmt17 import read_msmt17
from dgnet_lite.data.reid import read_market1501

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "data_scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


get_market1501, get_msmt17, check_dataset = (script(n) for n in ("get_market1501", "get_msmt17", "check_dataset"))


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tiny_counts):
    monkeypatch.setenv("DGNET_PROGRESS", "off")


@pytest.fixture
def market_zip(tmp_path, tiny) -> Path:
    return tiny.zip(tmp_path / "market.zip", tiny.market())


@pytest.fixture
def served(server, market_zip):
    server.content = market_zip.read_bytes()
    market_zip.unlink()
    return server


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "data" / "Market-1501"


def no_one(question: str) -> str:
    raise EOFError


def answer(text: str):
    return lambda question: text


def get(*arguments, ask=no_one) -> int:
    return get_market1501.main([str(argument) for argument in arguments], ask)


def left_of(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.exists() else []


# Market-1501 from an archive


def test_an_archive_becomes_a_folder_that_the_reader_reads(market_zip, target, capsys):
    assert get(target, "--archive", market_zip) == 0
    assert len(read_market1501(target).train) == 3
    assert capsys.readouterr().out.startswith(f"Market-1501 in {target}\n")


def test_an_archive_needs_no_agreement_and_stays(market_zip, target, capsys):
    assert get(target, "--archive", market_zip) == 0
    assert market_zip.exists()
    assert get_market1501.TERMS not in capsys.readouterr().out


def test_wrong_counts_leave_nothing_and_are_all_named(tmp_path, tiny, target, capsys):
    files = tiny.market(query=["0003_c1s1_000001_00.jpg", "0003_c2s1_000009_00.jpg"], bounding_box_train=[])
    files |= {
        "bounding_box_train/0002_c1s1_000451_03.jpg": tiny.jpeg(),
        "query/Thumbs.db": b"x",
        "query/notes.txt": b"x",
    }
    assert get(target, "--archive", tiny.zip(tmp_path / "wrong.zip", files)) == 1
    assert left_of(target) == []
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("  - ")] == [
        "  - query/: not named like an image of the data set: notes.txt (1)",
        "  - bounding_box_train/: images: 1, published 3 (2 missing)",
        "  - bounding_box_train/: identities: 1, published 2 (1 missing)",
        "  - query/: images: 2, published 1 (1 too many)",
    ]


def test_a_broken_image_leaves_nothing_and_is_named(tmp_path, tiny, target, capsys):
    files = tiny.market() | {"query/0003_c1s1_000001_00.jpg": tiny.jpeg()[:-200]}
    assert get(target, "--archive", tiny.zip(tmp_path / "broken.zip", files)) == 1
    assert left_of(target) == []
    assert "broken images: query/0003_c1s1_000001_00.jpg (image file is truncated" in capsys.readouterr().err


def test_without_opening_images_a_broken_one_passes(tmp_path, tiny, target):
    files = tiny.market() | {"query/0003_c1s1_000001_00.jpg": b""}
    assert get(target, "--archive", tiny.zip(tmp_path / "broken.zip", files), "--quick") == 0


def test_half_an_archive_is_one_clear_error(market_zip, target, capsys):
    market_zip.write_bytes(market_zip.read_bytes()[:3000])
    assert get(target, "--archive", market_zip) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"ValueError: {market_zip} is broken or cut off (")
    assert said.count("\n") == 1


def test_an_existing_folder_is_seen_before_anything_is_asked_or_fetched(served, target, capsys):
    (target / "query").mkdir(parents=True)
    assert get(target, "--url", served.url) == 1
    assert served.asked == []
    said = capsys.readouterr()
    assert (said.out, said.err.startswith(f"FileExistsError: {target} exists already.")) == ("", True)


def test_a_missing_archive_is_named(tmp_path, target, capsys):
    assert get(target, "--archive", tmp_path / "markt.zip") == 1
    assert f"FileNotFoundError: no archive {tmp_path / 'markt.zip'}" in capsys.readouterr().err


# Market-1501 over the network


@pytest.mark.parametrize("ask", [no_one, answer("no"), answer(""), answer("nyes")])
def test_without_agreement_nothing_is_fetched(served, target, ask, capsys):
    assert get(target, "--url", served.url, ask=ask) == 1
    assert (served.asked, left_of(target)) == ([], [])
    assert "PermissionError: nothing was fetched, since the terms above were not agreed to" in capsys.readouterr().err


def test_the_terms_and_the_source_are_shown_before_the_question(served, target, capsys):
    shown = []

    def ask(question: str) -> str:
        shown.append(capsys.readouterr().out)
        return "no"

    get(target, "--url", served.url, ask=ask)
    assert get_market1501.TERMS in shown[0]
    assert served.url in shown[0]


@pytest.mark.parametrize("yes", ["yes", "y", " YES "])
def test_with_agreement_it_is_fetched_and_unpacked(served, target, yes):
    assert get(target, "--url", served.url, ask=answer(yes)) == 0
    assert len(read_market1501(target).gallery) == 2


def test_agreement_can_be_given_on_the_command_line_and_the_terms_are_shown_all_the_same(served, target, capsys):
    assert get(target, "--url", served.url, "--agree") == 0
    assert get_market1501.TERMS in capsys.readouterr().out


def test_the_archive_that_was_fetched_is_kept_beside_the_folder(served, target):
    get(target, "--url", served.url, "--agree")
    assert left_of(target) == ["Market-1501", "archive.zip"]


def test_an_address_without_a_file_name_does_not_take_the_name_of_the_folder(served, target):
    assert get(target, "--url", served.url.replace("archive.zip", "Market-1501"), "--agree") == 0
    assert left_of(target) == ["Market-1501", "Market-1501.archive"]


def test_a_broken_transfer_leaves_a_part_and_the_same_command_goes_on(served, target, monkeypatch, capsys):
    monkeypatch.setattr("dgnet_lite.data.download.CHUNK", 100)
    served.stops = [1000, 500, 500, 500]
    assert get(target, "--url", served.url, "--agree") == 1
    assert "The 2,500 bytes that came are kept in" in capsys.readouterr().err
    assert [Path(name).suffix for name in left_of(target)] == [".part"]
    assert get(target, "--url", served.url, "--agree") == 0
    assert served.asked[-1] == "bytes=2500-"


def test_an_interrupted_transfer_ends_with_a_word(served, target, monkeypatch, capsys):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dgnet_lite.data.download._refuse_what_is_no_file", interrupt)
    assert get(target, "--url", served.url, "--agree") == 130
    assert "Stopped, and nothing unpacked. What was fetched is kept" in capsys.readouterr().err


def test_the_default_source_is_the_one_of_the_authors_page_with_its_checksum(monkeypatch, target):
    asked = []

    def download(url, file, md5):
        asked.append((url, file.name, md5))
        raise ConnectionError("no network in tests")

    monkeypatch.setattr(get_market1501, "download", download)
    for arguments in ((), ("--source", "mirror")):
        assert get(target, "--agree", *arguments) == 1
    name, md5 = "Market-1501-v15.09.15.zip", get_market1501.MD5
    assert asked == [(source.url, name, md5) for source in get_market1501.SOURCES.values()]


def test_an_archive_and_an_address_exclude_each_other(served, market_zip, target, capsys):
    with pytest.raises(SystemExit):
        get(target, "--url", served.url, "--archive", market_zip)
    assert "not allowed with argument" in capsys.readouterr().err


def test_the_terms_say_what_the_authors_page_says_and_what_is_ours():
    assert get_market1501.PAGE in get_market1501.TERMS
    for words in (
        "states no licence",
        "cite the paper. We ask for more",
        "research and teaching only",
        "not pass them on",
    ):
        assert words in " ".join(get_market1501.TERMS.split())


# MSMT17


def test_msmt17_becomes_a_folder_that_the_reader_reads(tmp_path, tiny, capsys):
    archive = tiny.tar(tmp_path / "MSMT17_V1.tar.gz", tiny.msmt17())
    assert get_msmt17.main([str(tmp_path / "MSMT17"), "--archive", str(archive)]) == 0
    assert read_msmt17(tmp_path / "MSMT17").num_ids == 2
    assert capsys.readouterr().out.startswith(f"MSMT17 in {tmp_path / 'MSMT17'}\n")


def test_msmt17_without_its_lists_is_another_archive(tmp_path, tiny, capsys):
    files = {name: content for name, content in tiny.msmt17().items() if name != "list_val.txt"}
    archive = tiny.tar(tmp_path / "MSMT17_V1.tar.gz", files)
    assert get_msmt17.main([str(tmp_path / "MSMT17"), "--archive", str(archive)]) == 1
    assert "no folder in it holds list_train.txt, list_val.txt," in capsys.readouterr().err
    assert not (tmp_path / "MSMT17").exists()


def test_msmt17_with_a_listed_image_missing_leaves_nothing(tmp_path, tiny, capsys):
    files = {name: content for name, content in tiny.msmt17().items() if "0002_000_12" not in name}
    archive = tiny.tar(tmp_path / "MSMT17_V1.tar.gz", files)
    assert get_msmt17.main([str(tmp_path / "MSMT17"), "--archive", str(archive)]) == 1
    assert "list_gallery.txt: images: 1, published 2 (1 missing)" in capsys.readouterr().err
    assert left_of(tmp_path / "MSMT17") == ["MSMT17_V1.tar.gz"]


def test_msmt17_is_not_fetched(capsys):
    with pytest.raises(SystemExit):
        get_msmt17.main([])
    assert "the following arguments are required: --archive" in capsys.readouterr().err


# Any of them


def test_a_whole_data_set_ends_with_zero(tmp_path, tiny, capsys):
    assert check_dataset.main([str(tiny.write(tmp_path, tiny.market()))]) == 0
    assert capsys.readouterr().out.endswith("No problem: the counts are as published.\n")


def test_a_data_set_with_a_problem_ends_with_one(tmp_path, tiny, capsys):
    tiny.write(tmp_path, tiny.market() | {"query/0003_c1s1_000001_00.jpg": b""})
    assert check_dataset.main([str(tmp_path)]) == 1
    assert "broken images: query/0003_c1s1_000001_00.jpg (empty) (1)" in capsys.readouterr().out


def test_published_counts_can_be_left_out(tmp_path, tiny):
    tiny.write(tmp_path, tiny.market(query=[]) | {"query/0009_c1s1_000001_00.jpg": tiny.jpeg()})
    tiny.write(tmp_path, {"query/0009_c2s1_000001_00.jpg": tiny.jpeg()})
    assert check_dataset.main([str(tmp_path)]) == 1
    assert check_dataset.main([str(tmp_path), "--expect", "none"]) == 0


def test_no_data_set_is_one_clear_error(tmp_path, capsys):
    assert check_dataset.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"FileNotFoundError: no data set in {tmp_path}. Found: nothing.")


def test_a_folder_that_may_not_be_read_is_one_clear_error(tmp_path, tiny, capsys, monkeypatch):
    def denied(folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    tiny.write(tmp_path, tiny.market())
    monkeypatch.setattr(Path, "iterdir", denied)
    assert check_dataset.main([str(tmp_path)]) == 1
    expected = f"PermissionError: {tmp_path}/bounding_box_train may not be read. Make it readable for you.\n"
    assert capsys.readouterr().err == expected


def test_no_workers_are_one_clear_error(tmp_path, tiny, capsys):
    assert check_dataset.main([str(tiny.write(tmp_path, tiny.market())), "--workers", "0"]) == 1
    assert "ValueError: workers must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", [check_dataset.__doc__, (ROOT / "data_scripts" / "README.md").read_text(encoding="utf-8")]
)
def test_it_is_said_why_nothing_fetches_duke(text):
    assert "DukeMTMC-reID" in text
    assert "withdrew" in text
    assert "2019" in text


def test_every_script_explains_itself(capsys):
    for module in (get_market1501, get_msmt17, check_dataset):
        with pytest.raises(SystemExit) as ended:
            module.main(["--help"])
        assert ended.value.code == 0
        assert module.__doc__.splitlines()[0] in capsys.readouterr().out
