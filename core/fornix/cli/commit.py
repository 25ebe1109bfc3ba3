"""``fornix commit``: score every layer of a model on data set aside for it, and commit it to the best for each region.

The model runs in this process. Stimuli that a benchmark shows are refused; see docs/commitment.md."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix.cli.arguments import add_json, add_mirror, add_plugins, print_json, registry
from fornix.cli.streams import say
from fornix.errors import FornixError, UsageError
from fornix.registry.problems import counted

if TYPE_CHECKING:
    from fornix.extraction.committing import Place
    from fornix.extraction.disjoint import Shown
    from fornix.extraction.responder import FeatureModel
    from fornix.extraction.selection import Selection
    from fornix.interfaces import Model
    from fornix.registry.card import Card
    from fornix.registry.distribution import Distribution


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("commit", help="choose which layers stand for which region", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="a model that is read out at layers")
    parser.add_argument("--data", nargs="+", metavar="DATASET", help="these datasets (default: all that are set aside for it)")
    parser.add_argument(
        "--layers", nargs="+", metavar="PATTERN", help="choose among these layers, such as 'layer?.?' (default: every layer)"
    )
    parser.add_argument(
        "--into", type=Path, metavar="FILE", help="the model's commitment (default: commitment.toml of its package)"
    )
    parser.add_argument("--scratch", metavar="FOLDER", help="where whole layers are spilled (default: a temporary folder)")
    add_plugins(parser)
    add_mirror(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    if parsed.scratch is not None:
        os.environ["FORNIX_SCRATCH"] = os.path.abspath(parsed.scratch)
    found = registry(parsed)
    card = found.get("model", parsed.model)
    owner = found.distribution(card)
    if owner.root is None:
        raise UsageError(
            f"{card.identifier} is installed; a commitment is written into a plugin's own folder: give --plugins FOLDER"
        )

    from fornix.extraction.commitment import Selected
    from fornix.extraction.committing import Place
    from fornix.extraction.disjoint import shown_by_benchmarks
    from fornix.extraction.selection import select, set_aside
    from fornix.matrix.figures import profile_png
    from fornix.registry.load import load_dataset, use_registry

    datasets = set_aside(found, card, parsed.data)
    with use_registry(found):
        model, file = _with_commitment(_loaded(card), card, owner, parsed.into)
        shown = {}
        for dataset in datasets:
            shown[dataset.identifier] = shown_by_benchmarks(found, load_dataset(dataset.identifier).stimuli())
            _refuse_shared(dataset.identifier, shown[dataset.identifier])
    place = Place(card.identifier, file, owner.root / "commitment")
    place.check()
    try:
        selections = [s for dataset in datasets for s in select(found, model, card, dataset, parsed.layers)]
    except KeyboardInterrupt:
        say("fornix: interrupted; nothing was written")
        return 130
    _refuse_two(selections)
    selected = {s.region: Selected((s.layer,), s.data, _record(s, shown[s.data])) for s in selections}
    for sentence in place.write(selections, selected, every_layer=parsed.layers is None, draw=profile_png):
        say(sentence)
    _report(parsed, card, place, selections, shown)
    return 0


def _loaded(card: Card) -> Model:
    """The model; whatever its plugin raises, as of a commitment to a layer that it lacks, is said in a sentence."""
    from fornix.engine.worker import sentence
    from fornix.registry.load import load_model

    try:
        return load_model(card.identifier)
    except FornixError:
        raise
    except Exception as error:
        raise FornixError(f"{card.identifier} cannot be loaded: {sentence(error)}") from error


def _with_commitment(model: Model, card: Card, owner: Distribution, into: Path | None) -> tuple[FeatureModel, Path]:
    """The model, and the file that it reads its commitment from."""
    from fornix.extraction.commitment import read_commitment
    from fornix.extraction.responder import FeatureModel

    if not isinstance(model, FeatureModel):
        raise UsageError(
            f"{card.identifier} is no FeatureModel or TorchModel of fornix.extraction, so it has no layers to choose from"
        )
    file = into if into is not None else owner.folder / "commitment.toml"
    if read_commitment(file) != model.commitment:
        raise UsageError(f"{card.identifier} does not have the commitment in {file}; name the file that it reads by --into")
    return model, file


def _refuse_shared(dataset: str, shown: Shown) -> None:
    if shown.sharing:
        raise FornixError(
            f"stimuli of {dataset} are shown by the benchmark{'s' if len(shown.sharing) > 1 else ''} {', '.join(shown.sharing)}: "
            "layers chosen on them would be judged on what chose them; nothing was written"
        )


def _refuse_two(selections: list[Selection]) -> None:
    by_region: dict[str, str] = {}
    for selection in selections:
        other = by_region.setdefault(selection.region, selection.data)
        if other != selection.data:
            raise UsageError(f"{other} and {selection.data} both choose layers of {selection.region}; name one by --data")


def _record(selection: Selection, shown: Shown) -> dict[str, Any]:
    """What ``[regions.<region>.selection]`` says."""
    score = selection.scores[selection.layer]
    return {
        "data": selection.data,
        "recording": selection.recording,
        "stimuli": selection.stimuli.digest,
        "n_stimuli": len(selection.stimuli),
        "metric": selection.metric,
        "value": round(score.value, 6),
        "error": round(score.error, 6),
        "interval": [round(bound, 6) for bound in score.interval],
        "candidates": list(selection.scores),
        "alike": list(selection.alike),
        "disjoint_from": list(shown.clear),
        "not_compared": [name for name, _ in shown.unknown],
        "options": selection.options,
    }


def _report(parsed: argparse.Namespace, card: Card, place: Place, selections: list[Selection], shown: dict[str, Shown]) -> None:
    if parsed.json:
        chosen = [
            {
                "region": selection.region,
                "layer": selection.layer,
                **_record(selection, shown[selection.data]),
                "scores": {layer: score.value for layer, score in selection.scores.items()},
                "unscored": selection.unscored,
            }
            for selection in selections
        ]
        print_json(
            {"model": card.identifier, "commitment": str(place.commitment), "profile": str(place.folder), "selected": chosen}
        )
        return
    for selection in selections:
        score = selection.scores[selection.layer]
        print(f"{selection.region}: {selection.layer}, {score.value:.4f} ± {score.error:.4f} on {selection.data}")
        if selection.alike:
            print(f"  not told apart from it: {', '.join(selection.alike)}")
        for layer, why in selection.unscored.items():
            print(f"  no score: {layer}: {why}", file=sys.stderr)
        if unknown := shown[selection.data].unknown:
            name, why = unknown[0]
            print(
                f"  not compared with the stimuli of {counted(len(unknown), 'benchmark')}, such as {name}: {why}", file=sys.stderr
            )
        if selection.data not in card.selected_on:
            print(f'  add selected_on = ["{selection.data}"] to the card of {card.identifier}', file=sys.stderr)
    print(f"written: {place.commitment}, {place.table}")
