"""The hooks of the toy model."""

from fornix import hookimpl


@hookimpl
def fornix_load_model(identifier, options):
    from fornix_model_toy.model import Behaving, Linear

    return Linear(options["gain"]) if identifier == "toy-linear" else Behaving(options["how"])
