"""The hooks of the toy dataset."""

from fornix import hookimpl


@hookimpl
def fornix_load_dataset(identifier, options):
    from fornix_dataset_toy.dataset import Toy

    return Toy()
