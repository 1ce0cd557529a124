"""Train teacher and DG-Net from the command line, on one processor or, under torchrun, on several.

    python -m dgnet_lite.training --scale toy --out runs/mine
    torchrun --nproc-per-node 4 -m dgnet_lite.training --scale full --dataset market1501 --data-root data/Market-1501 \\
        --out runs/full --device cuda --set optim.batch_size=32

The same command again goes on from the last checkpoint, also with another number of processes. Notebook 13 does the
same in one process and shows what comes of it; it reads a folder made here, as seed0 of its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml

from dgnet_lite.config import Config
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.presets import SCALES
from dgnet_lite.study import Study, retrieval, write_json
from dgnet_lite.training import distributed


def main(arguments: list[str] | None = None) -> None:
    """Parse, train, and measure retrieval."""
    parser = argparse.ArgumentParser(
        prog="python -m dgnet_lite.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipe", default="official", choices=("official", "paper"))
    parser.add_argument("--scale", default="toy", choices=list(SCALES))
    parser.add_argument(
        "--dataset", default="toymarket", help="toymarket, toymarket-few, market1501, market1501-val or msmt17"
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], metavar="NAME=VALUE", help="losses.alpha=0.1")
    asked = parser.parse_args(arguments)
    try:
        config = Config.preset(asked.recipe, asked.scale, seed=asked.seed, dataset=asked.dataset, **changes(asked))
    except (TypeError, ValueError, KeyError) as error:
        parser.error(str(error))
    with distributed.processes(asked.device) as device:
        data = read_in_turn(config, asked.data_root)
        first = distributed.is_first()
        study = Study(config, data, asked.out / f"seed{asked.seed}", device, progress=first)
        model = study.dgnet(study.teacher())
        if first:
            found = retrieval(model.E_a, data, config.beta)
            write_json(study.folder / "retrieval.json", found)
            for name, scores in found.items():
                print(f"{name:8s} Rank@1 {100 * scores['rank1']:.1f}  mAP {100 * scores['mAP']:.1f}")


def changes(asked: argparse.Namespace) -> dict[str, object]:
    """The settings NAME=VALUE, values read as YAML. Raises ValueError: one without "="."""
    for setting in asked.settings:
        if "=" not in setting:
            raise ValueError(f"--set wants NAME=VALUE, as in losses.alpha=0.1; got {setting!r}")
    return {name: yaml.safe_load(value) for name, value in (each.split("=", 1) for each in asked.settings)}


def read_in_turn(config: Config, root: Path) -> ReidData:
    """The first process draws what is not there; the others read it afterwards."""
    first = distributed.is_first()
    data = load_data(config, root, progress=first) if first else None
    distributed.wait_for_all()
    return data if data is not None else load_data(config, root, progress=False)


if __name__ == "__main__":
    main()
