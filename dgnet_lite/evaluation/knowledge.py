"""Which code knows what: the paper's Table 1, measured. Every known factor, read from every code by a linear probe.

    python -m dgnet_lite.evaluation.knowledge --out notebooks/results/codes_toy.json

Two columns need no network and say where a number stands. `chance`: the appearance codes dealt out to other people, so
that they are as many numbers and know nothing. `ceiling`: the true factors themselves; what a probe on so many people
misses even then, it cannot find anywhere. Spread is over whole probe sets, each of other people. Without --run the
shipped toy model is measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dgnet_lite.data.batches import normalise
from dgnet_lite.data.load import load_data
from dgnet_lite.data.toymarket import ToyMarket
from dgnet_lite.evaluation.embed import embed
from dgnet_lite.evaluation.probe import Factor, ProbeSet, draw_probe_set, known_factors, probe_table
from dgnet_lite.progress import progress as progress_bar
from dgnet_lite.progress import say
from dgnet_lite.report import environment
from dgnet_lite.trained import Found, find_models
from dgnet_lite.training.checkpoint import write_whole

CODES: dict[str, str] = {
    "chance": "appearance codes of other people",
    "pixels": "the picture itself",
    "s": "structure code",
    "a": "appearance code",
    "f_prim": "primary feature, as retrieval compares it",
    "f_fine": "fine-grained feature, as retrieval compares it",
    "ceiling": "the true factors",
}
FOLDS = 5


@torch.no_grad()
def codes_of(found: Found, probes: ProbeSet, factors: Sequence[Factor], seed: int = 0) -> dict[str, Tensor]:
    """Each code of `CODES` for the pictures of a probe set: (N, d), d of its own."""
    x = normalise(torch.from_numpy(probes.images))
    encoders = found.model.encode_appearance, found.model.encode_structure
    a, s = (torch.cat([encode(part) for part in x.split(200)]).flatten(1) for encode in encoders)
    f_prim, f_fine = embed(found.model.E_a, probes.images)
    truth = torch.cat([(f.targets - f.targets.mean(0)) / f.targets.std(0).clamp(min=1e-6) for f in factors], dim=1)
    codes = {"chance": a[_others(probes.person, seed)], "pixels": x.flatten(1), "s": s, "a": a}
    return codes | {"f_prim": f_prim, "f_fine": f_fine, "ceiling": truth}


def _others(person: Tensor, seed: int) -> Tensor:
    """A row of somebody else for each row: people are turned along a random circle, pictures stay in their order."""
    people = int(person.max()) + 1
    circle = torch.from_numpy(np.random.default_rng(seed).permutation(people))
    following = torch.empty_like(circle)
    following[circle] = circle.roll(1)
    pictures = len(person) // people
    return (following[person] * pictures) + torch.arange(len(person)) % pictures


def knowledge(
    found: Found,
    world: ToyMarket,
    *,
    people: int = 600,
    sets: int = 3,
    codes: Sequence[str] = tuple(CODES),
    progress: bool = True,
) -> pd.DataFrame:
    """Skill of each factor from each code, over `sets` probe sets of so many new people, two pictures each.

    Returns: columns code, half, factor, skill (mean over sets, 0 a constant answer, 1 perfect), error (standard
    deviation over sets, n - 1; NaN for one set), sets.

    Raises ValueError: an unknown code.
    """
    unknown = [name for name in codes if name not in CODES]
    if unknown:
        raise ValueError(f"no code {unknown[0]!r}; there are: {', '.join(CODES)}")
    tables = []
    for seed in progress_bar(range(sets), show=progress, desc="probing", unit="set"):
        probes = draw_probe_set(world, people, seed=seed)
        factors = known_factors(probes.factors)
        z = codes_of(found, probes, factors, seed)
        tables.append(probe_table({name: z[name] for name in codes}, factors, probes.person % FOLDS))
    skills = pd.concat(tables).groupby(["code", "half", "factor"], sort=False)["skill"]
    return skills.agg(skill="mean", error="std", sets="count").reset_index()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="dgnet_lite.evaluation.knowledge", description=__doc__.partition("\n")[0])
    parser.add_argument("--run", help="folder of a finished run; else the shipped model")
    parser.add_argument("--data", default="data", help="where the Toy Market of the training is, or is drawn")
    parser.add_argument("--people", type=int, default=600, help="of a probe set")
    parser.add_argument("--sets", type=int, default=3, help="probe sets")
    parser.add_argument("--out", type=Path, help="write the table there, as JSON")
    given = list(sys.argv[1:]) if arguments is None else list(arguments)
    options = parser.parse_args(given)
    try:
        found = find_models(options.run)
        world = load_data(found.config, options.data, workers=1).world
        if world is None:
            raise ValueError(f"{found.config.dataset} has no known factors: probes need a run on Toy Market")
        table = knowledge(found, world, people=options.people, sets=options.sets)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    if options.out:
        kept = {
            "command": " ".join(["python -m dgnet_lite.evaluation.knowledge", *given]),
            "environment": environment("cpu", found.config),
            "models": f"{found.source}, seed {found.config.seed}",
            "people": options.people,
            "spread": "standard deviation over probe sets of other people",
            "table": table.round(4).to_dict(orient="records"),
        }
        text = json.dumps(kept, indent=1)
        write_whole(options.out, lambda file: file.write(text.encode()))
    say(table.pivot(index="factor", columns="code", values="skill")[list(CODES)].round(2).to_string())


if __name__ == "__main__":
    main()
