"""One seed of one configuration: teacher, DG-Net and controls, each trained once, measured once, and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from dgnet_lite.config import Config
from dgnet_lite.data.batches import Batches, denormalise, normalise
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.evaluation.disentangle import sample_swap_pairs, swap_scores
from dgnet_lite.evaluation.embed import combine, embed, eval_mode
from dgnet_lite.evaluation.retrieval import Retrieval, evaluate
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.teacher import Teacher, start_from_teacher
from dgnet_lite.training import checkpoint, distributed
from dgnet_lite.training.alone import alone
from dgnet_lite.training.loop import Task, fit
from dgnet_lite.training.step import DGNetTask
from dgnet_lite.training.teacher import Compositions, Control, ControlTask, TeacherTask

CONTROLS = ("one_head", "two_heads", "oracle")


@dataclass(frozen=True)
class Study:
    """One seed of one configuration: where it is, what it trains on, on which device."""

    config: Config
    data: ReidData
    folder: Path
    device: str = "cpu"
    resume: bool = True
    tensorboard: bool = True
    progress: bool = True
    on_log: Callable[[str, int, dict[str, float]], None] | None = None

    def teacher(self) -> Teacher:
        """The baseline CNN, trained or loaded."""
        c = self.config
        torch.manual_seed(c.seed)
        teacher = build_teacher(c.networks, self.data.num_ids).to(self.device)
        teacher = distributed.synchronise_statistics(teacher, self.device)
        batches = self._batches(c.optim.teacher_batch_size // 2, c.seed)
        self._train(TeacherTask(teacher, batches, c), c.optim.teacher_steps)
        return teacher

    def dgnet(self, teacher: Teacher) -> DGNet:
        """DG-Net, trained with this teacher or loaded."""
        c = self.config
        model = self._new_dgnet(teacher)
        batches = self._batches(c.optim.batch_size, c.seed + 1)
        self._train(DGNetTask(model, teacher, batches, c), c.optim.steps)
        return model

    def control(self, kind: Control, teacher: Teacher, compositions: Compositions | None = None) -> AppearanceEncoder:
        """E_a trained on the same batches without G: `one_head`, `two_heads`, `oracle` (Toy Market only), `offline`.

        compositions: the stored swaps of `offline`; of `oracle` the true ones, drawn unless given.
        """
        c = self.config
        encoder = self._new_dgnet(teacher).E_a
        batches = self._batches(c.optim.batch_size, c.seed + 1)
        if kind == "oracle" and compositions is None:
            compositions = true_compositions(self.data, c)
        self._train(ControlTask(encoder, batches, c, kind, teacher, compositions), c.optim.steps)
        return encoder

    def _new_dgnet(self, teacher: Teacher) -> DGNet:
        torch.manual_seed(self.config.seed + 1)
        model = DGNet(self.config.networks, self.data.num_ids).to(self.device)
        if self.config.optim.from_teacher:
            start_from_teacher(model.E_a, teacher)
        return distributed.synchronise_statistics(model, self.device)

    def _batches(self, batch_size: int, seed: int) -> Batches:
        share = distributed.share()
        return self.data.batches(self.config, batch_size=batch_size, seed=seed, device=self.device, share=share)

    def _train(self, task: Task, steps: int) -> None:
        on_log = (lambda step, values: self.on_log(task.name, step, values)) if self.on_log else None
        with alone(self.folder, task.name):
            seconds = fit(
                task,
                steps,
                self.folder / task.name,
                self.config,
                resume=self.resume,
                tensorboard=self.tensorboard,
                show_progress=self.progress,
                on_log=on_log,
            )
            if distributed.is_first():
                write_json(self.folder / task.name / "time.json", {"steps": steps, "seconds": round(seconds, 1)})

    def kept(self, name: str) -> dict[str, Any] | None:
        """FOLDER/results/NAME.json, if it is there and was measured under these settings."""
        path = self.folder / "results" / f"{name}.json"
        if path.is_file():
            kept = json.loads(path.read_text())
            with suppress(ValueError):  # of a version with other settings
                if not self.config.differences(Config.from_dict(kept["settings"])):
                    return kept["result"]
        return None

    def result(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """`measure()`, kept in FOLDER/results/NAME.json with its settings and its device, and not done twice."""
        result = self.kept(name)
        if result is None:
            result = measure()
            settings = {k: v for k, v in self.config.to_dict().items() if k != "run"}
            kept = {"result": result, "settings": settings, "device": device_name(self.device)}
            write_json(self.folder / "results" / f"{name}.json", kept)
        return result

    def run(
        self, controls: Sequence[str] = CONTROLS, teacher: Callable[[], Teacher] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Train what is missing and measure it. Returns results by row name; on Toy Market "swaps" and "labels" too.

        teacher: gives the teacher of another study instead of an own one.
        """
        c, data = self.config, self.data
        teacher = (teacher or self.teacher)()
        results = {"teacher": self.result("teacher", lambda: retrieval(teacher, data, c.beta)["f_prim"])}
        model = self.dgnet(teacher)
        results |= self.result("dgnet", lambda: retrieval(model.E_a, data, c.beta))
        if data.world is not None:
            results["swaps"] = self.result("swaps", lambda: true_swap_scores(model, data, c.seed))
            results["labels"] = self.result("labels", lambda: label_shares(teacher, model, data, c))
        for kind in controls:
            if kind == "oracle" and data.world is None:
                continue
            results[kind] = self.result(kind, lambda kind=kind: self.measured_control(kind, teacher, model))
        return results

    def run_controls(self, kinds: Sequence[str], teacher: Callable[[], Teacher] | None = None) -> None:
        """Train and measure controls that need no generator, beside a process that trains DG-Net."""
        missing = [kind for kind in kinds if self.kept(kind) is None]
        network = (teacher or self.teacher)() if missing else None
        for kind in missing:
            self.result(kind, lambda kind=kind: self.measured_control(kind, network, None))

    def measured_control(self, kind: Control, teacher: Teacher, model: DGNet | None) -> dict[str, float]:
        """Train a control and measure its features; the swaps of `offline` are made by `model`."""
        stored = generated_compositions(model, self.data, self.config) if kind == "offline" else None
        scores = retrieval(self.control(kind, teacher, stored), self.data, self.config.beta)
        return scores["f_prim" if kind == "one_head" else "both"]


def device_name(device: str) -> str:
    """ "cpu", or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def devices(folder: Path) -> list[str]:
    """Where the results in FOLDER, and below it, were measured, by name."""
    kept = (json.loads(path.read_text()) for path in Path(folder).rglob("results/*.json"))
    return sorted({each["device"] for each in kept if "device" in each})


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1)
    checkpoint.write_whole(path, lambda file: file.write(text.encode()))


def add(made: Path, path: Path, part: str) -> None:
    """Put what the file `made` holds into the file `path`, beside what stands there. Made where `path` is missing.

    Both hold, under `part`, what was measured by name and seed. The same row of the same name and seed is replaced,
    everything else stays; devices and training times are joined. Raises ValueError: another scale or number of steps.
    """
    new = json.loads(made.read_text())
    with alone(path.parent, path.stem):
        old = json.loads(path.read_text()) if path.is_file() else new | {part: {}}
        for what in ("scale", "steps"):
            if old.get(what) != new.get(what):
                raise ValueError(f"{path} holds the {what} {old.get(what)}, not {new.get(what)}: name another file")
        for name, each in new[part].items():
            there = old[part].get(name, {"seeds": {}})
            rows = {seed: there["seeds"].get(seed, {}) | found for seed, found in each["seeds"].items()}
            seeds = there["seeds"] | rows
            old[part][name] = _joined(there, each) | {"seeds": {seed: seeds[seed] for seed in sorted(seeds, key=int)}}
        write_json(path, _joined(old, new) | {part: old[part]})


def _joined(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`new` with what `old` has besides of devices and of training times."""
    both = old | new
    if "devices" in new:
        both["devices"] = sorted({*old.get("devices", ()), *new["devices"]})
    if "training_seconds" in new:
        both["training_seconds"] = old.get("training_seconds", {}) | new["training_seconds"]
    return both


def retrieval(model: nn.Module, data: ReidData, beta: float) -> dict[str, dict[str, float]]:
    """Rank@1, 5, 10 and mAP (fractions) of a teacher (`f_prim` alone) or an E_a (`f_prim`, `f_fine`, `both`)."""
    query, gallery = embed(model, data.query), embed(model, data.gallery)
    features = {name: (q, g) for name, q, g in zip(("f_prim", "f_fine"), query, gallery, strict=False)}
    if len(query) == 2:
        features["both"] = (combine(*query, beta), combine(*gallery, beta))
    return {name: summary(match(q, g, data)) for name, (q, g) in features.items()}


def match(query: Any, gallery: Any, data: ReidData, rows: np.ndarray | None = None) -> Retrieval:
    """Scores of features, (Q, D) and (G, D), against the whole gallery; of all queries, or of `rows`, (Q,) bool."""
    q, g = data.index.query, data.index.gallery
    rows = np.ones(len(q.ids), bool) if rows is None else rows
    return evaluate(query[rows], q.ids[rows], q.cameras[rows], gallery, g.ids, g.cameras)


def summary(r: Retrieval) -> dict[str, float]:
    numbers = {k: v for k, v in asdict(r).items() if not isinstance(v, np.ndarray)}
    return {k: round(float(v), 6) for k, v in numbers.items()}


def training_pairs(data: ReidData, seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` random pairs (i, j) of training images of different identities."""
    labels = data.index.labels
    i, j = np.random.default_rng(seed).integers(0, len(labels), (2, 2 * count))
    keep = np.flatnonzero(labels[i] != labels[j])[:count]
    return i[keep], j[keep]


def true_compositions(data: ReidData, config: Config, count: int = 4000) -> Compositions:
    """`count` true swaps of random pairs of training images of different identities, for the oracle."""
    labels, (i, j) = data.index.labels, training_pairs(data, config.seed, count)
    images = true_swaps(data, config.seed, count)
    return Compositions(torch.from_numpy(images), torch.from_numpy(labels[i]), torch.from_numpy(labels[j]))


def true_swaps(data: ReidData, seed: int, count: int) -> np.ndarray:
    """The true swaps of `training_pairs`, uint8 (N, H, W, 3); kept beside the data, since 4000 take a core a minute."""
    folder, name = data.world.folder.with_name(f"{data.world.folder.name}-swaps"), f"seed{seed}-{count}"
    path = folder / f"{name}.npy"
    with alone(folder, name):
        if not path.is_file():
            keys = [data.world.key(path) for path in data.index.train.paths]
            pairs = zip(*training_pairs(data, seed, count), strict=True)
            images = data.world.render_many([(keys[i], keys[j]) for i, j in pairs])
            checkpoint.write_whole(path, lambda file: np.save(file, images))
    return np.load(path)


def generated_compositions(model: DGNet, data: ReidData, config: Config, count: int = 4000) -> Compositions:
    """The same pairs as `true_compositions`, swapped by the model, once and for all."""
    labels, (i, j) = data.index.labels, training_pairs(data, config.seed, count)
    images = generate(model, data.train[i], data.train[j])
    return Compositions(torch.from_numpy(images), torch.from_numpy(labels[i]), torch.from_numpy(labels[j]))


def label_shares(teacher: Teacher, model: DGNet, data: ReidData, config: Config, count: int = 512) -> dict[str, float]:
    """What the teacher says of swaps of training images: its mean probability of i (clothes) and of j (body).

    Of the generated swaps and of the true ones. Where it is far surer of i in the generated ones, G has put something
    of i into the picture that clothes alone do not explain: eq. (6) asks for whatever makes a classifier say i.
    """
    i, j = training_pairs(data, config.seed, count)
    keys = [data.world.key(path) for path in data.index.train.paths]
    true = data.world.render_many([(keys[a], keys[b]) for a, b in zip(i, j, strict=True)])
    device, shares = next(teacher.parameters()).device, {}
    with torch.no_grad(), eval_mode(teacher):
        for name, images in (("generated", generate(model, data.train[i], data.train[j])), ("true", true)):
            q = teacher(normalise(torch.from_numpy(images).to(device))).float().softmax(dim=1).cpu().numpy()
            for who, rows in (("i", i), ("j", j)):
                shares[f"{name}_{who}"] = round(float(q[np.arange(len(q)), data.index.labels[rows]].mean()), 6)
    return shares


@torch.no_grad()
def generate(model: DGNet, x_i: np.ndarray, x_j: np.ndarray, batch_size: int = 128) -> np.ndarray:
    """The swaps x_j^i of uint8 images (N, H, W, 3), uint8 likewise."""
    device = next(model.parameters()).device
    parts = []
    with eval_mode(model):
        for start in range(0, len(x_i), batch_size):
            pair = (normalise(torch.from_numpy(x[start : start + batch_size]).to(device)) for x in (x_i, x_j))
            parts.append(denormalise(model.swap(*pair)).cpu().numpy())
    return np.concatenate(parts)


def true_swap_scores(model: DGNet, data: ReidData, seed: int, count: int = 256) -> dict[str, float]:
    """Generated swaps of test identities against the true ones, beside the trivial answer "x_j unchanged"."""
    i, j = sample_swap_pairs(data.index.query.ids, count, np.random.default_rng(seed))
    keys = [data.world.key(path) for path in data.index.query.paths]
    true = data.world.render_many([(keys[a], keys[b]) for a, b in zip(i, j, strict=True)])
    clothes = np.stack([data.world.clothes_mask(keys[b]) for b in j])
    scores = swap_scores(generate(model, data.query[i], data.query[j]), true, data.query[j], clothes)
    return {k: round(float(v), 6) for k, v in scores.items()}
