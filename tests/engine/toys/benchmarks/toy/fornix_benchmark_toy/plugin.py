"""The hooks of the toy benchmark."""

from fornix import hookimpl


@hookimpl
def fornix_load_benchmark(identifier, options):
    from fornix_benchmark_toy.benchmark import ToyCorrelation

    return ToyCorrelation("IT" if ".IT" in identifier else "V4")
