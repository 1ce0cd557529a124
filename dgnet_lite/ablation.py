"""The paper's ablations, each a configuration that is derived from one base, run, kept and compared.

    python -m dgnet_lite.ablation --profile toy --seeds 0 1 2
    python -m dgnet_lite.ablation --profile toy --rows full without_feed without_id

`full` is the release's recipe, with every row of Table 3 and every fair control. Each other row changes what its name
says: to the paper's recipe, to one answer of the paper where the two disagree, or a part of the method. What is
finished with the same settings is not run again, and what was interrupted goes on. OUT/ablation.json collects all that
stands in the folder; with `--into FILE` it is added to what another folder, or another machine, has left in FILE.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dgnet_lite import variants
from dgnet_lite.labels import OTHER_STYLES
from dgnet_lite.presets import SCALES
from dgnet_lite.published import TABLE3
from dgnet_lite.rows import gains, table
from dgnet_lite.study import add
from dgnet_lite.validation import meant
from dgnet_lite.variants import Variant

PAPER = TABLE3["Market-1501"]

ANSWERS: dict[str, Variant] = {
    "code_attached": Variant("generative losses train E_a, too", changes={"losses.code_detached": False}),
    "judge_trained": Variant("E_a learns as it judges swaps", changes={"losses.judge_frozen": False}),
    "id_on_anchors": Variant("eq. (3) on x_i, not on x_t", changes={"losses.id_on_positives": False}),
    "fine_on_swaps": Variant("the fine head sees swaps alone", changes={"losses.fine_on_real": False}),
    "log_loss": Variant(
        "eq. (7) with logarithms, factor 1",
        changes={"losses.adversarial": "log", "losses.adversarial_factor": 1.0},
    ),
}
"""The release with one answer of the paper."""

ALPHAS = (0.0, 0.5, 1.0, 2.0)

ABLATIONS: dict[str, Variant] = {
    "full": Variant("DG-Net, the release's recipe", controls=("one_head", "two_heads", "offline", "oracle")),
    "paper": Variant("the paper's recipe", "paper", controls=("one_head",)),
    **ANSWERS,
    "without_feed": Variant("no generated image is fed back to E_a (Fig. 4)", changes={"losses.prim": 0.0}),
    "without_id": Variant("no identity loss on generated images (Fig. 4)", changes={"losses.id_c": 0.0}),
    **{
        f"label_{style}": Variant(f"eq. (8) with the label {style}", changes={"losses.teacher_label": style})
        for style in OTHER_STYLES
    },
    **{
        f"alpha_{alpha:g}": Variant(f"lambda_fine = {alpha:g} lambda_prim", changes={"losses.alpha": alpha})
        for alpha in ALPHAS
    },
}
"""By name. `alpha` is 0.2 and the label soft in `full`."""


def run(
    names: list[str],
    scale: str,
    seeds: list[int],
    out: Path,
    data_root: Path,
    device: str,
    only: Sequence[str] = (),
    controls: Sequence[str] | None = None,
) -> None:
    """Train and measure what is missing, then write OUT/ablation.json. Raises ValueError: an unknown name.

    controls: instead of those of each row.
    """
    for name in names:
        if name not in ABLATIONS:
            raise ValueError(f"unknown row {name!r}{meant(name, ABLATIONS)}")
    variants.run(ABLATIONS, names, scale, seeds, out, data_root, device, only=only, controls=controls)
    variants.write(ABLATIONS, scale, out, out / "ablation.json", device)


def tables(results: variants.Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table 3 of `full`, with the paper's numbers beside it; and every row against `full`, seed by seed."""
    full = table(results.get("full", {}).values())
    for column, place in (("paper: Rank@1", 0), ("paper: mAP", 1)):
        full[column] = [PAPER[row][place] if row in PAPER else float("nan") for row in full.index]
    return full, variants.compare(results)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dgnet_lite.ablation", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", nargs="+", metavar="ROW", help=f"of {', '.join(ABLATIONS)}; default: all")
    parser.add_argument("--profile", default="toy", choices=SCALES, help="the scale; default: toy")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"), help="default: runs/ablation")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="where Toy Market is drawn; default: data")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        choices=("one_head", "two_heads", "oracle"),
        help="these controls, without DG-Net: another process may train that",
    )
    parser.add_argument(
        "--controls",
        nargs="*",
        choices=ABLATIONS["full"].controls,
        help="train these beside each row, instead of its own",
    )
    parser.add_argument("--into", type=Path, metavar="FILE", help="add what stands in OUT to this file, too")
    asked = parser.parse_args(arguments)
    try:
        run(
            asked.rows or list(ABLATIONS),
            asked.profile,
            asked.seeds,
            asked.out,
            asked.data_root,
            asked.device,
            asked.only,
            asked.controls,
        )
        if asked.into:
            add(asked.out / "ablation.json", asked.into, "variants")
    except ValueError as error:
        parser.error(str(error))
    results = variants.collect(ABLATIONS, asked.profile, asked.out)
    full, others = tables(results)
    print(full.round(1).to_string())
    print(gains(results.get("full", {}).values()).round(2).to_string())
    print(others.round(2).to_string())


if __name__ == "__main__":
    main()
