"""Hooks of the Hugging Face text model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_model_huggingface_text.model import HuggingFaceText


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> HuggingFaceText:
    from pathlib import Path

    import fornix
    from fornix_model_huggingface_text.identity import verify

    if options["folder"] is None:
        raise fornix.UsageError(
            f"model {identifier!r} needs the options folder and sha256: fornix.score({identifier!r}, benchmark, "
            "options={'folder': ..., 'sha256': ...}) with a folder in the Hugging Face format; given the folder alone, it "
            "says its sha256"
        )
    verify(Path(options["folder"]), options["sha256"])
    from fornix_model_huggingface_text.model import HuggingFaceText  # torch: after what can be said without it

    arguments = {name: value for name, value in options.items() if name not in ("folder", "sha256", "kind")}
    return HuggingFaceText.from_folder(Path(options["folder"]), kind=options["kind"], **arguments)
