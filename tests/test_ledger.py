"""The ledger says what is there: every name, number, lesson and test on that page is looked up."""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dgnet_lite import config as config_module
from dgnet_lite.config import SECTIONS, Config
from dgnet_lite.presets import RECIPES

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
LEDGER = NOTEBOOKS / "LEDGER.md"
ABSENT = "not built yet"
SWITCHED, BOTH = "Where the release leaves the paper", "Where both recipes take one side"

SYMBOL = re.compile(r"`(dgnet_lite\.[\w.]+)`")
LESSON = re.compile(r"\[(?P<number>\d\d)\]\((?P<file>[\w.]+)\)|(?P<missing>\d\d) \(not built yet\)")
TEST = re.compile(r"\[(?P<name>\w+\.py)\]\(\.\./tests/(?P<file>[\w/]+\.py)\) (?P<sentence>[a-z0-9 ]+)")


@dataclass(frozen=True, eq=False)
class Row:
    table: str
    cells: dict[str, str]

    @property
    def name(self) -> str:
        return next(iter(self.cells.values()))

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def read(text: str) -> list[Row]:
    """The rows of all tables in a Markdown page, with the heading above and the cells by the names of their columns."""
    rows, heading, columns = [], "", []
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            columns = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not columns:
            columns = cells
        elif not set(line) <= set("|- "):
            rows.append(Row(heading, dict(zip(columns, cells, strict=True))))
    return rows


def found(dotted: str) -> Any:
    """What a dotted name means: a module, something in it, or the default of a dataclass's field.

    Raises LookupError for a name that means nothing.
    """
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        try:
            value = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):  # the module is there, something that it imports is not
                raise
            continue
        for part in parts[end:]:
            fields = getattr(value, "__dataclass_fields__", {})
            if part in fields:
                value = fields[part].default
            elif hasattr(value, part):
                value = getattr(value, part)
            else:
                raise LookupError(dotted)
        return value
    raise LookupError(dotted)


SECTION_OF = {type(getattr(Config(), section)).__name__: f"{section}." for section in SECTIONS} | {"Config": ""}


def setting(symbol: str) -> str | None:
    """The dotted name in a config of a field such as dgnet_lite.config.LossConfig.img: "losses.img"; None of others."""
    owner, _, field = symbol.removeprefix("dgnet_lite.config.").rpartition(".")
    return f"{SECTION_OF[owner]}{field}" if owner in SECTION_OF else None


def value_of(config: Config, name: str) -> Any:
    for part in name.split("."):
        config = getattr(config, part)
    return config


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    """The test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def field_texts() -> dict[str, str]:
    """ "LossConfig.img" -> the text beneath the field in config.py; fields in a row share the text beneath the last."""
    texts, tree = {}, ast.parse(Path(config_module.__file__).read_text(encoding="utf-8"))
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        waiting = []
        for node in owner.body:
            if isinstance(node, ast.AnnAssign):
                waiting.append(f"{owner.name}.{node.target.id}")
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                texts |= dict.fromkeys(waiting, node.value.value)
                waiting = []
            else:
                waiting = []
    return texts


ROWS = read(LEDGER.read_text(encoding="utf-8"))
FIELD_ROWS = [row for row in ROWS if row.table in (SWITCHED, BOTH)]


def fields_of(row: Row) -> tuple[str, str]:
    """The dotted name in the package, and in a config, of the one field that a row is about."""
    (symbol,) = SYMBOL.findall(row["here"])
    return symbol, setting(symbol)


def test_every_name_can_be_imported():
    for row in ROWS:
        for text in row.cells.values():
            for symbol in SYMBOL.findall(text):
                found(symbol)


def test_a_row_has_names_or_says_that_nothing_is_built_yet():
    built = {row: ", ".join(f"`{symbol}`" for symbol in SYMBOL.findall(row["here"])) for row in ROWS}
    assert [row.name for row in ROWS if row["here"] != (built[row] or ABSENT)] == []


def test_a_row_that_is_built_has_a_test_and_no_other_has_one():
    assert [row.name for row in ROWS if (row["test"] == ABSENT) != (row["here"] == ABSENT)] == []


def test_every_test_is_there():
    missing = []
    for text in {text for row in ROWS if row["test"] != ABSENT for text in row["test"].split("; ")}:
        test = TEST.fullmatch(text)
        assert test, f"{text!r} is not a link to a file of tests and a sentence"
        path = ROOT / "tests" / test["file"]
        if path.name != test["name"] or f"test_{test['sentence'].replace(' ', '_')}" not in names_of_tests(path):
            missing.append(text)
    assert missing == []


def test_every_lesson_is_there_or_said_not_to_be():
    wrong = []
    for text in {text for row in ROWS for text in row["lesson"].split(", ")}:
        lesson = LESSON.fullmatch(text)
        assert lesson, f"{text!r} is neither a link to a lesson nor a number with ({ABSENT})"
        if lesson["missing"]:
            right = not any(NOTEBOOKS.glob(f"{lesson['missing']}_*.ipynb"))
        else:
            right = lesson["file"].startswith(f"{lesson['number']}_") and (NOTEBOOKS / lesson["file"]).is_file()
        wrong += [] if right else [text]
    assert wrong == []


def test_a_value_is_that_of_the_papers_recipe():
    wrong, config = [], Config.preset("paper", "full")
    for row in (row for row in ROWS if "value" in row.cells):
        symbol, name = fields_of(row)
        actual = value_of(config, name) if name else found(symbol)
        wrong += [] if ast.literal_eval(row["value"].strip("`")) == actual else [(row.name, actual)]
    assert wrong == []


@pytest.mark.parametrize("recipe", ["paper", "official"])
def test_the_values_of_a_field_are_those_of_the_recipe(recipe):
    wrong, config = [], Config.preset(recipe, "full")
    for row in FIELD_ROWS:
        actual = value_of(config, fields_of(row)[1])
        written = row[recipe if row.table == SWITCHED else "both recipes"]
        wrong += [] if ast.literal_eval(written.strip("`")) == actual else [(row.name, actual)]
    assert wrong == []


@pytest.mark.parametrize("side", ["paper", "release"])
def test_the_text_of_a_field_says_what_each_side_does(side):
    texts = {row.name: field_texts()[fields_of(row)[0].removeprefix("dgnet_lite.config.")] for row in FIELD_ROWS}
    assert [name for name, text in texts.items() if side not in text.lower()] == []


def test_every_field_in_which_the_recipes_differ_has_a_row():
    fields = {name for recipe in RECIPES.values() for name in recipe}
    assert {fields_of(row)[1] for row in ROWS if row.table == SWITCHED} == fields


@pytest.mark.parametrize(
    ("table", "pattern", "count"),
    [("Equations", r"\((\d+)\)", 10), ("Figures", r"Fig\. (\d+)", 8), ("Tables", r"Table (\d+)", 5)],
)
def test_the_whole_paper_has_rows(table, pattern, count):
    numbers = {int(re.match(pattern, row.name)[1]) for row in ROWS if row.table == table}
    assert numbers == set(range(1, count + 1))


def test_no_field_has_two_rows_of_recipes():
    fields = [row["here"] for row in FIELD_ROWS]
    assert sorted(fields) == sorted(set(fields))


def test_the_map_of_lessons_leads_to_the_ledger():
    assert "(notebooks/LEDGER.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


# The reading itself


def test_a_page_is_read_as_rows_by_heading_and_column():
    page = "# A\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n## B\n\n| z |\n|---|\n| 3 |\n"
    rows = [(row.table, row.cells) for row in read(page)]
    assert rows == [("A", {"x": "1", "y": "2"}), ("B", {"z": "3"})]


def test_a_field_of_a_dataclass_is_found_with_its_default():
    assert found("dgnet_lite.config.LossConfig.img") == 5.0


@pytest.mark.parametrize("wrong", ["dgnet_lite.losses.eq_11", "dgnet_lite.lossess.primary", "dgnet_lite.config.imgs"])
def test_a_name_that_means_nothing_is_noticed(wrong):
    with pytest.raises(LookupError):
        found(wrong)
