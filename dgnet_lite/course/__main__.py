"""The course's tools: `python -m dgnet_lite.course build | run | keep | grade | ship`, each with --help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dgnet_lite.course import ROOT
from dgnet_lite.course.books import BookError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status: 0, 1 failed, 2 misused, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return options.do(options)
    except (BookError, OSError, ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nInterrupted; the stored notebooks are as they were.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m dgnet_lite.course", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder (default: this checkout)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="make exercises/ from solutions/")
    build.add_argument("--check", action="store_true", help="write nothing; fail when something is out of date")
    build.set_defaults(do=_build)

    run = commands.add_parser("run", help="run lessons, store their outputs, record what they cost")
    run.add_argument("lessons", nargs="*", metavar="LESSON", help="as in 01 or 01_person_reid (default: all)")
    run.add_argument("--profile", choices=("smoke", "toy"), help="only this one (default: both); toy is stored")
    run.set_defaults(do=_run)

    keep = commands.add_parser("keep", help="store the outputs of a notebook that papermill ran, as make demo does")
    keep.add_argument("ran", type=Path, help="as in runs/demo/13_full_training.ipynb")
    keep.set_defaults(do=_keep)

    grade = commands.add_parser("grade", help="grade a folder of students' notebooks")
    grade.add_argument("folder", type=Path, help="holds STUDENT/NN_lesson.ipynb or STUDENT_NN_lesson.ipynb")
    grade.add_argument("--out", type=Path, default=Path("grades.csv"), help="the table; beside it the reasons")
    grade.add_argument("--time-limit", type=float, default=60, metavar="SECONDS", help="for one cell (default: 60)")
    grade.set_defaults(do=_grade)

    ship = commands.add_parser("ship", help="store a finished run's models in the package, for the lessons")
    ship.add_argument("folder", type=Path, help="as in runs/toy/seed0")
    ship.set_defaults(do=_ship)
    return parser


def _build(options: argparse.Namespace) -> int:
    from dgnet_lite.course.build import build

    problems = build(options.root, check=options.check)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems and options.check:
        print("To mend what is out of date: python -m dgnet_lite.course build", file=sys.stderr)
    return FAILED if problems else 0


def _run(options: argparse.Namespace) -> int:
    from dgnet_lite.course.run import PROFILES, run

    run(options.root, options.lessons, [options.profile] if options.profile else PROFILES)
    return 0


def _keep(options: argparse.Namespace) -> int:
    from dgnet_lite.course.run import keep

    print(keep(options.root, options.ran))
    return 0


def _grade(options: argparse.Namespace) -> int:
    from dgnet_lite.course.grade import grade

    count = grade(options.folder, options.root, options.out, options.time_limit)
    print(f"{count} notebooks graded: {options.out}" if count else f"no notebook in {options.folder}")
    return 0 if count else FAILED


def _ship(options: argparse.Namespace) -> int:
    from dgnet_lite.course.models import SHIPPED, ship

    print(f"{SHIPPED.name}: {ship(options.folder) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
