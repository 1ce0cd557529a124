"""Several processes that train one model: each does its share of every batch, and the gradients are averaged.

    torchrun --nproc-per-node 4 -m dgnet_lite.training --scale full --data-root data --out runs/full

What a run writes, its first process writes. The sampler, eq. (5)'s coin and erasing draw the same numbers in every
process; dropout draws its own. On GPUs BatchNorm's statistics are those of the whole batch (SyncBatchNorm); on the CPU,
where that does not exist, they are each share's own.

Gradients are averaged here and not by DistributedDataParallel: a step calls the same networks several times, some of
them frozen, and D's punishment takes a gradient of a gradient; DDP's hooks allow neither without `static_graph` tricks.
The result is the same. What is lost is that sending overlaps with computing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

from dgnet_lite.data.batches import WHOLE, Share


def share() -> Share:
    """This process's share of every batch; the whole batch where there is one process."""
    return Share(dist.get_rank(), dist.get_world_size()) if _several() else WHOLE


def is_first() -> bool:
    """Whether this is the process that writes and speaks."""
    return share().number == 0


def wait_for_all() -> None:
    """Return when every process has come here."""
    if _several():
        dist.barrier()


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


@contextmanager
def processes(device: str = "cpu") -> Iterator[str]:
    """Join the others that torchrun has started, for the time of the block; gives the device of this one.

    Without torchrun there is nothing to join. "cuda" becomes "cuda:LOCAL_RANK", and gradients go by NCCL; on the CPU by
    Gloo. A process that fails leaves without waiting, and torchrun ends the others.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield device
        return
    if device.startswith("cuda"):
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield device
        dist.barrier()
    finally:
        dist.destroy_process_group()


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the processes, which all have gradients of the same parameters."""
    if not _several():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    for kind in dict.fromkeys(g.dtype for g in gradients):
        some = [g for g in gradients if g.dtype == kind]
        flat = torch.cat([g.reshape(-1) for g in some])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        for g, mean in zip(some, flat.split([g.numel() for g in some]), strict=True):
            g.copy_(mean.view_as(g))


def averages(values: Mapping[str, float], device: torch.device) -> dict[str, float]:
    """The mean of each number over the processes, which all have the same names."""
    if not _several():
        return dict(values)
    mean = torch.tensor(list(values.values()), dtype=torch.float64, device=device)
    dist.all_reduce(mean)
    return dict(zip(values, (mean / dist.get_world_size()).tolist(), strict=True))


def synchronise_statistics(model: nn.Module, device: str | torch.device) -> nn.Module:
    """The model with BatchNorm over the whole batch, where several GPUs share it; elsewhere the model as it is."""
    if _several() and torch.device(device).type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return model


def own_dropout(seed: int) -> None:
    """Let torch's global random numbers of every process but the first begin elsewhere."""
    if not is_first():
        torch.manual_seed(seed + 7919 * share().number)


def parameters_of(optimizers: Iterable[torch.optim.Optimizer]) -> list[Tensor]:
    return [p for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
