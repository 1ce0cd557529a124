"""The rows of the paper's Table 3 with the fair controls beside them, and their means over seeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

ROWS: dict[str, str] = {
    "teacher": "baseline, as the teacher was trained",
    "one_head": "baseline, as many steps as E_a",
    "two_heads": "two heads, as many steps, no generated images",
    "recoloured": "two heads, as many steps, real images in random colours",
    "f_prim": "DG-Net: f_prim",
    "f_fine": "DG-Net: f_fine",
    "both": "DG-Net: f_prim, f_fine",
    "offline": "two heads, swaps generated once, before",
    "oracle": "oracle: true swaps in G's place, both features",
}
"""What each row of the table is, in the order in which it is shown."""


def table(results: Iterable[dict[str, dict[str, Any]]]) -> pd.DataFrame:
    """Rows of `ROWS`, over seeds: Rank@1 and mAP in percent, mean and standard deviation (n - 1), number of seeds.

    A gap between two rows is best judged seed by seed: `gains`.
    """
    results = list(results)
    lines = []
    for row, label in ROWS.items():
        found = [r[row] for r in results if row in r]
        if not found:
            continue
        line: dict[str, Any] = {"row": row, "what": label}
        for key, name in (("rank1", "Rank@1"), ("mAP", "mAP")):
            values = 100 * np.array([f[key] for f in found])
            line |= {name: values.mean(), f"{name} sd": values.std(ddof=1) if len(values) > 1 else float("nan")}
        lines.append(line | {"seeds": len(found)})
    return pd.DataFrame(lines, columns=["row", "what", "Rank@1", "Rank@1 sd", "mAP", "mAP sd", "seeds"]).set_index(
        "row"
    )


def gains(results: Iterable[dict[str, dict[str, Any]]], of: str = "both") -> pd.DataFrame:
    """mAP of row `of` minus that of each control, in points, seed by seed: mean, standard deviation, smallest."""
    results = list(results)
    lines = []
    for row in ("teacher", "one_head", "two_heads", "recoloured", "offline", "oracle"):
        d = np.array([100 * (r[of]["mAP"] - r[row]["mAP"]) for r in results if row in r and of in r])
        if len(d):
            sd = d.std(ddof=1) if len(d) > 1 else float("nan")
            lines.append({"over": row, "mAP gain": d.mean(), "sd": sd, "smallest": d.min(), "seeds": len(d)})
    return pd.DataFrame(lines, columns=["over", "mAP gain", "sd", "smallest", "seeds"]).set_index("over")
