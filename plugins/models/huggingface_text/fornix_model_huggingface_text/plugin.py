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
    from fornix_model_huggingface_text.model import HuggingFaceText

    if options["folder"] is None or options["sha256"] is None:
        raise fornix.UsageError(
            f"model {identifier!r} needs the options folder and sha256: a folder with a model in the Hugging Face format, and "
            "its identity, which 'python -m fornix_model_huggingface_text.identity FOLDER' prints"
        )
    verify(Path(options["folder"]), options["sha256"])
    arguments = {name: value for name, value in options.items() if name not in ("folder", "sha256", "kind")}
    return HuggingFaceText.from_folder(Path(options["folder"]), kind=options["kind"], **arguments)
