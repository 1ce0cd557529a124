"""torch.compile for the forward passes of a training step, which changes them inside the step and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from dgnet_lite.networks import upsampling

RECOMPILATIONS = 64
"""More cases than a study of ten seeds has; torch.compile gives up after 8."""


class Compiled:
    """Forward passes of networks, compiled as `how` says: "none", or a mode of torch.compile.

    Inside `with compiled():` a call of such a network is a call of its compiled pass. Outside it is as it was, with the
    same weights under the same names, so that evaluation, whose batches have other sizes, compiles nothing. The first
    step compiles, for minutes at full size.

    A gradient of a compiled network cannot be differentiated again: D, whose gradient is punished, is not for this.
    """

    def __init__(self, networks: Sequence[nn.Module], how: str) -> None:
        self.how = how
        self.passes: dict[nn.Module, Callable[..., Any]] = {}
        if how == "none":
            return
        import torch._dynamo.config  # slow to import, and of no use to a learner
        import torch._functorch.config
        import torch._inductor.exc

        # A graph may be walked twice (`one_pass_for_two`), so its backward pass must not overwrite what it was given.
        torch._functorch.config.donated_buffer = False
        # Every network of every run is a case of its own, and so is each way in which a step uses it.
        torch._dynamo.config.recompile_limit = RECOMPILATIONS
        for constant in (upsampling.fold, upsampling.border):
            torch.compiler.assume_constant_result(constant)
        for network in networks:
            self.passes[network] = torch.compile(network.forward, dynamic=False, mode=how)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Raises RuntimeError where the machine cannot compile."""
        if self.how == "none":
            yield
            return
        torch.compiler.cudagraph_mark_step_begin()
        for network, compiled in self.passes.items():
            network.forward = compiled
        try:
            yield
        except (torch._dynamo.exc.TorchDynamoException, torch._inductor.exc.InvalidCxxCompiler) as error:
            raise RuntimeError(
                f"torch.compile failed here: {error}\nIt needs a C++ compiler, and Triton for a GPU. Install them, or "
                'set optim.compile="none".'
            ) from error
        finally:
            for network in self.passes:
                del network.forward
