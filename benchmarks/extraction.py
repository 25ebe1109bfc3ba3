"""Memory and time of extraction, against what they cannot be below.

Memory: (peak RSS - RSS after loading the model) / (activation bytes kept + two batches), at most 1.2, for batches of 8, 16 and
32. A batch is what a bare forward pass over it takes at its peak: the layers in between are in it, which no way of extracting can
spare. Beside it, the same with only the images and the features asked for, which a bare forward pass alone exceeds where an early
layer is wide (here from batches of 32 on). Of Gram matrices little is kept, so that the working memory of a pass is nearly all
there is. Time: against a bare torch loop over the same images (decode, preprocess, forward to the last layer asked, keep the
features), at most 1.1; the two alternate and medians are compared.

Run it with ``python benchmarks/extraction.py`` (``--images``, ``--batch-size``, ``--size``, ``--repeats``, ``--form gram``); it
needs torch and Pillow, and nothing else runs on the machine at best.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image
from torch import nn

from fornix.extraction.torch import TorchModel, preprocess
from fornix.interfaces import Experiment, Member, Recording, StimulusSet

#: The layers asked for: the outputs of two convolutions.
LAYERS = ("2", "5")


def network() -> nn.Sequential:
    """A small convolutional network; the layers after ``LAYERS`` are there to be left out."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, stride=2, padding=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 32, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.Conv2d(64, 16, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.LazyLinear(1000),
    ).eval()


def write_images(archive: Path, count: int) -> list[str]:
    """JPEG images of 256 x 256 pixels: smooth noise, which takes as long to decode as photographs do."""
    generator = np.random.default_rng(0)
    names = [f"{k:05d}.jpg" for k in range(count)]
    with zipfile.ZipFile(archive, "w") as target:
        for name in names:
            coarse = Image.fromarray(generator.integers(0, 256, (32, 32, 3), dtype=np.uint8))
            buffer = io.BytesIO()
            coarse.resize((256, 256), Image.Resampling.BICUBIC).save(buffer, format="JPEG", quality=90)
            target.writestr(name, buffer.getvalue())
    return names


def fornix_pass(model: TorchModel, archive: Path, names: list[str], form: str) -> int:
    """Record both layers; the bytes of the answers."""
    stimuli = StimulusSet(names, image=[Member(archive, name) for name in names])
    recordings = tuple(Recording(f"layer:{layer}", form=form) for layer in LAYERS)  # type: ignore[arg-type]
    responses = model.respond(Experiment(stimuli, recordings))
    return sum(responses[r].products.nbytes if form == "gram" else responses[r].nbytes for r in recordings)  # type: ignore[union-attr]


def bare_pass(model: nn.Module, prepare: object, archive: Path, names: list[str], batch_size: int) -> int:
    """The same without fornix: one thread, the forward pass up to the last layer asked."""
    kept: dict[str, list[np.ndarray]] = {layer: [] for layer in LAYERS}
    with zipfile.ZipFile(archive) as source, torch.inference_mode():
        for start in range(0, len(names), batch_size):
            images = [
                np.array(Image.open(io.BytesIO(source.read(name))).convert("RGB")) for name in names[start : start + batch_size]
            ]
            features = torch.stack([prepare(image) for image in images])  # type: ignore[operator]
            for name, layer in model.named_children():
                features = layer(features)
                if name in LAYERS:
                    kept[name].append(features.flatten(1).numpy().copy())
                if name == LAYERS[-1]:
                    break
    return sum(np.concatenate(parts).nbytes for parts in kept.values())


def memory(archive: Path, names: list[str], arguments: argparse.Namespace) -> None:
    """Runs in a process of its own: the peak of a process is over its whole life."""
    prepare = preprocess(arguments.size)
    model = TorchModel(network(), prepare, {}, batch_size=arguments.batch_size, device="cpu")
    image = prepare(np.zeros((256, 256, 3), dtype=np.uint8))
    features = 0
    with torch.inference_mode():
        output = image[None]
        for name, layer in model.module.named_children():
            output = layer(output)
            features += 4 * output.numel() if name in LAYERS else 0
    # A pass over one batch brings in what is loaded on first use, so that it counts as loading.
    fornix_pass(model, archive, names[: arguments.batch_size], "values")
    loaded = psutil.Process().memory_info().rss
    reset_peak()
    with torch.inference_mode():
        model.module[: int(LAYERS[-1]) + 1](torch.stack([image] * arguments.batch_size))
    forward = peak() - loaded
    reset_peak()
    kept = fornix_pass(model, archive, names, arguments.form)
    grown = peak() - loaded
    batch = arguments.batch_size * (features + image.nbytes)
    print(f"memory ({arguments.form}, batches of {arguments.batch_size}): {mega(grown)} above the loaded model")
    for what, size in (("all that a bare forward pass takes", forward), ("images and features asked", batch)):
        print(f"  kept {mega(kept)} + two batches ({what}) of {mega(size)}: ratio {grown / (kept + 2 * size):.2f}")


def mega(count: float) -> str:
    return f"{count / 1e6:.0f} MB"


def reset_peak() -> None:
    """Let the kernel count the peak from here on (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The highest resident set size since :func:`reset_peak`, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def speed(archive: Path, names: list[str], arguments: argparse.Namespace) -> None:
    prepare = preprocess(arguments.size)
    module = network()
    model = TorchModel(module, prepare, {}, batch_size=arguments.batch_size, device="cpu")
    fornix_pass(model, archive, names[: arguments.batch_size], arguments.form)
    bare_pass(module, prepare, archive, names[: arguments.batch_size], arguments.batch_size)
    ours, bare = [], []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        fornix_pass(model, archive, names, arguments.form)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        bare_pass(module, prepare, archive, names, arguments.batch_size)
        bare.append(time.perf_counter() - start)
    ratios = sorted(a / b for a, b in zip(ours, bare, strict=True))
    print(
        f"time ({arguments.form}): {statistics.median(ours):.2f} s, bare loop {statistics.median(bare):.2f} s over "
        f"{len(names)} images: ratio {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {len(ratios)} rounds)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--batch-size", type=int, default=32, help="of the measurement of time")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--form", choices=["values", "gram"], default="values")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        with zipfile.ZipFile(arguments.memory_of) as archive:
            names = archive.namelist()
        memory(arguments.memory_of, names, arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        archive_path = Path(folder) / "images.zip"
        names = write_images(archive_path, arguments.images)
        for size in dict.fromkeys((8, 16, 32, arguments.batch_size)):
            own = ["--memory-of", str(archive_path), "--batch-size", str(size)]
            subprocess.run([sys.executable, __file__, *sys.argv[1:], *own], check=True)
        speed(archive_path, names, arguments)


if __name__ == "__main__":
    main()
