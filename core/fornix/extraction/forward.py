"""The numeric policy around a forward pass of a torch network.

It is taken back afterwards, so that a network keeps the mode, and the process the settings, that they had.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn


@contextmanager
def numeric_policy(module: nn.Module, device: torch.device, deterministic: bool, seed: int) -> Iterator[None]:
    """Eval mode, no gradients, float32 throughout, seeded, deterministic.

    Parameters
    ----------
    module : torch.nn.Module
    device : torch.device
        Where it is.
    deterministic : bool
        Whether an algorithm that may differ from run to run is refused.
    seed : int
        Of what the forward pass draws.
    """
    if device.type == "cuda":
        # cuBLAS is deterministic only with a fixed workspace, which it reads when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    training = [child for child in module.modules() if child.training]
    before = (
        torch.get_deterministic_debug_mode(),
        torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
        torch.get_float32_matmul_precision(),
        torch.backends.mha.get_fastpath_enabled(),
    )
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode())
        stack.enter_context(torch.autocast(device.type, enabled=False))
        stack.enter_context(torch.random.fork_rng([device] if device.type == "cuda" else []))
        if device.type == "cuda":
            stack.enter_context(torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False))
        try:
            module.eval()
            # The same switch as use_deterministic_algorithms, which imports the compiler and costs seconds.
            torch.set_deterministic_debug_mode("error" if deterministic else "default")
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # it would fill for nothing
            torch.set_float32_matmul_precision("highest")
            torch.backends.mha.set_fastpath_enabled(False)  # the fused path calls no inner layer
            # Not torch.manual_seed: where CUDA is not in use, that queues a call and a stack trace each time.
            torch.default_generator.manual_seed(seed)
            if device.type == "cuda":
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
            yield
        finally:
            torch.set_deterministic_debug_mode(before[0])
            torch.utils.deterministic.fill_uninitialized_memory = before[1]  # type: ignore[attr-defined]
            torch.set_float32_matmul_precision(before[2])
            torch.backends.mha.set_fastpath_enabled(before[3])
            for child in training:
                child.training = True
