"""Kill a training at random moments, let it go on, and compare its weights with those of a run in one piece.

    python tests/training/kill_trials.py --trials 20

Teacher and DG-Net at the scale `smoke`. Each trial is killed by SIGKILL, once to three times, wherever it happens to
be: in a step, while a checkpoint is written, or before the first. Every trial must end with the same weights to the
last bit. Needs a system with fork.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import torch

from dgnet_lite.config import Config
from dgnet_lite.data.load import ReidData, load_data
from dgnet_lite.study import Study
from dgnet_lite.training.checkpoint import load

CONFIG = Config.preset("official", "smoke", **{"run.checkpoint_every": 1, "run.image_every": 1000})


def train(data: ReidData, folder: Path) -> None:
    study = Study(CONFIG, data, folder, tensorboard=False, progress=False)
    study.dgnet(study.teacher())


def started(data: ReidData, folder: Path) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=train, args=(data, folder))
    process.start()
    return process


def step_of(folder: Path) -> str:
    for name in ("dgnet", "teacher"):
        if (folder / name / "last.pt").exists():
            return f"{name}, step {load(folder / name / 'last.pt')['step']}"
    return "nothing saved"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load(folder / "dgnet" / "last.pt")["task"]["model"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)  # a fork does not carry threads over
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        data = load_data(CONFIG, root / "data", progress=False)
        begun = time.perf_counter()
        whole = started(data, root / "whole")
        whole.join()
        took, wanted, equal = time.perf_counter() - begun, weights(root / "whole"), 0
        for trial in range(asked.trials):
            folder, said = root / f"trial{trial}", []
            for _ in range(chance.randint(1, 3)):
                process = started(data, folder)
                process.join(chance.uniform(0.02, 0.9) * took)
                if process.is_alive():
                    os.kill(process.pid, signal.SIGKILL)
                    process.join()
                    said.append(step_of(folder))
            last = started(data, folder)
            last.join()
            found = weights(folder)
            same = last.exitcode == 0 and all(torch.equal(found[name], value) for name, value in wanted.items())
            equal += same
            print(f"{trial + 1:3d}: killed at {'; '.join(said) or 'no time'}: {'equal' if same else 'NOT EQUAL'}")
        print(f"{equal} of {asked.trials} equal to the last bit")
        raise SystemExit(equal != asked.trials)


if __name__ == "__main__":
    main()
