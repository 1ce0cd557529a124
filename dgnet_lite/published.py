"""The numbers of the paper's Tables 2 to 5, as printed. Percent, but for FID and "SSIM"; None: the paper has no number.

Source: Zheng et al., CVPR 2019, Sec. 4.
"""

from __future__ import annotations

from typing import NamedTuple

DATA_SETS = ("Market-1501", "DukeMTMC-reID", "MSMT17")


class Scores(NamedTuple):
    """Rank@1 and mAP."""

    rank1: float
    mAP: float


TABLE2: dict[str, tuple[float, float | None]] = {
    "real": (7.22, 0.350),
    "LSGAN": (136.26, None),
    "PG2-GAN": (151.16, None),
    "PN-GAN": (54.23, 0.335),
    "FD-GAN": (257.00, 0.247),
    "DG-Net": (18.24, 0.360),
}
"""FID and "SSIM" on Market-1501."""

TABLE3: dict[str, dict[str, Scores]] = {
    "Market-1501": {
        "teacher": Scores(89.6, 74.5),
        "f_prim": Scores(94.0, 84.4),
        "f_fine": Scores(91.6, 75.3),
        "both": Scores(94.8, 86.0),
    },
    "DukeMTMC-reID": {
        "teacher": Scores(82.0, 65.3),
        "f_prim": Scores(85.6, 72.7),
        "f_fine": Scores(78.7, 61.2),
        "both": Scores(86.6, 74.8),
    },
    "MSMT17": {
        "teacher": Scores(68.8, 36.2),
        "f_prim": Scores(76.0, 49.7),
        "f_fine": Scores(71.5, 43.5),
        "both": Scores(77.2, 52.3),
    },
}
"""By data set and row; "teacher" is the paper's "Baseline". The names of the rows are those of `rows.ROWS`."""

OFFLINE_MAP = 84.4
"""mAP on Market-1501 when the images are generated first and both features learn afterwards (Sec. 4.3)."""

CLAIMS: dict[str, tuple[str, str]] = {
    "f_prim over the baseline": ("f_prim", "teacher"),
    "f_fine over the baseline": ("f_fine", "teacher"),
    "both over the baseline": ("both", "teacher"),
    "both over f_prim": ("both", "f_prim"),
    "jointly over offline": ("both", "offline"),
}
"""What Sec. 4.3 compares: the row that it says to be better, and the other."""

ALPHA, BETA = 0.2, 0.5
"""Chosen on validation identities of Market-1501 (Sec. 4.3, Fig. 8), and kept for all data sets."""

PLAIN, SEPARATE, OURS = "no generated images", "images generated separately", "DG-Net"
"""The groups of Table 4."""


class Method(NamedTuple):
    """A line of Table 4."""

    group: str
    market: Scores
    duke: Scores | None


TABLE4: dict[str, Method] = {
    "Verif-Identif": Method(PLAIN, Scores(79.5, 59.9), Scores(68.9, 49.3)),
    "DCF": Method(PLAIN, Scores(80.3, 57.5), None),
    "SSM": Method(PLAIN, Scores(82.2, 68.8), None),
    "SVDNet": Method(PLAIN, Scores(82.3, 62.1), Scores(76.7, 56.8)),
    "PAN": Method(PLAIN, Scores(82.8, 63.4), Scores(71.6, 51.5)),
    "GLAD": Method(PLAIN, Scores(89.9, 73.9), None),
    "HA-CNN": Method(PLAIN, Scores(91.2, 75.7), Scores(80.5, 63.8)),
    "MLFN": Method(PLAIN, Scores(90.0, 74.3), Scores(81.0, 62.8)),
    "Part-aligned": Method(PLAIN, Scores(91.7, 79.6), Scores(84.4, 69.3)),
    "PCB": Method(PLAIN, Scores(93.8, 81.6), Scores(83.3, 69.2)),
    "Mancs": Method(PLAIN, Scores(93.1, 82.3), Scores(84.9, 71.8)),
    "DeformGAN": Method(SEPARATE, Scores(80.6, 61.3), None),
    "LSRO": Method(SEPARATE, Scores(84.0, 66.1), Scores(67.7, 47.1)),
    "Multi-pseudo": Method(SEPARATE, Scores(85.8, 67.5), Scores(76.8, 58.6)),
    "PT": Method(SEPARATE, Scores(87.7, 68.9), Scores(78.5, 56.9)),
    "PN-GAN": Method(SEPARATE, Scores(89.4, 72.6), Scores(73.6, 53.2)),
    "FD-GAN": Method(SEPARATE, Scores(90.5, 77.7), Scores(80.0, 64.5)),
    "DG-Net": Method(OURS, Scores(94.8, 86.0), Scores(86.6, 74.8)),
}
"""Market-1501 and DukeMTMC-reID. "Mancs" is the method's own name; the paper prints "Manacs"."""

TABLE5: dict[str, tuple[float, float, float, float]] = {
    "Deep": (47.6, 65.0, 71.8, 23.0),
    "PDC": (58.0, 73.6, 79.4, 29.7),
    "Verif-Identif": (60.5, 76.2, 81.6, 31.6),
    "GLAD": (61.4, 76.8, 81.6, 34.0),
    "PCB": (68.2, 81.2, 85.5, 40.4),
    "DG-Net": (77.2, 87.4, 90.5, 52.3),
}
"""MSMT17: Rank@1, 5, 10 and mAP."""


def compared(data_set: str) -> dict[str, tuple[str, Scores]]:
    """Group and scores of each method that Tables 4 and 5 have for a data set, in their order.

    Raises KeyError: the paper has no such table.
    """
    if data_set == "MSMT17":
        found = {name: (OURS if name == "DG-Net" else PLAIN, Scores(r[0], r[3])) for name, r in TABLE5.items()}
    else:
        of = {"Market-1501": lambda m: m.market, "DukeMTMC-reID": lambda m: m.duke}[data_set]
        found = {name: (m.group, of(m)) for name, m in TABLE4.items() if of(m) is not None}
    return found
