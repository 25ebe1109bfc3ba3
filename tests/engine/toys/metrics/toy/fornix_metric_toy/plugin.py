"""The hooks of the toy metric."""

from fornix import hookimpl


@hookimpl
def fornix_load_metric(identifier, options):
    from fornix_metric_toy.metric import Correlation

    return Correlation()
