"""The command line: exit statuses, sentences, JSON."""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from fornix.cli.main import main
from fornix.conformance.run import Verdict
from fornix.engine.exchange import score_scalars
from fornix.interfaces import Normalisation, Score
from fornix.registry.discovery import Registry
from fornix.store.folder import FolderStore
from fornix.store.interface import Attempt, Cell
from tests.engine.conftest import TOYS as TOY_PLUGINS
from tests.engine.conftest import tell, toy_registry

TOYS = str(TOY_PLUGINS)
MODELS = ["--models", "toy-linear", "--benchmarks", "Toy.IT-correlation"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one cell."""
    store = tmp_path_factory.mktemp("filled") / "store"
    assert main(["run", "--plugins", TOYS, "--store", str(store), *MODELS]) == 0
    return store


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """A copy of the toy plugins that a test may change."""
    return Path(shutil.copytree(TOYS, tmp_path / "toys"))


def test_a_run_prints_the_matrix_and_writes_csv_and_netcdf(
    filled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "run",
        "--plugins",
        TOYS,
        "--store",
        str(filled),
        *MODELS,
        "--csv",
        str(tmp_path / "m.csv"),
        "--netcdf",
        str(tmp_path / "m.nc"),
    ]
    assert main(arguments) == 0
    out, err = capfd.readouterr()
    assert "0.999 ±" in out
    assert "0 to compute" in err
    assert pd.read_csv(tmp_path / "m.csv")["value"][0] == pytest.approx(0.9988, abs=1e-3)
    assert (tmp_path / "m.nc").exists()


@pytest.mark.parametrize("verb", [["list"], ["show", "toy-linear"], ["plan"], ["matrix"], ["run"]])
def test_every_verb_speaks_json(verb: list[str], filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    selection = ["--store", str(filled), *MODELS] if verb[0] in ("plan", "matrix", "run") else []
    assert main([*verb, "--plugins", TOYS, "--json", *selection]) == 0
    data = json.loads(capfd.readouterr().out)
    assert "toy-linear" in json.dumps(data)


def test_a_run_speaks_json_of_what_it_computed_and_of_what_failed(
    toys: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tell(toys, "only-IT")
    arguments = ["run", "--plugins", str(toys), "--store", str(tmp_path / "store"), "--models", "toy-behaving"]
    benchmarks = ["Toy.IT-correlation", "Toy.V4-correlation"]
    assert main([*arguments, "--benchmarks", *benchmarks, "--json"]) == 1
    found = {row["benchmark"]: row for row in json.loads(capfd.readouterr().out)}
    good, bad = (found[name] for name in benchmarks)
    assert (good["model"], good["status"], good["reason"]) == ("toy-behaving", "ok", "")
    assert good["value"] == pytest.approx(0.9988, abs=1e-3)
    assert 0 < good["error"] < 0.01
    assert (bad["status"], bad["value"]) == ("failed", None)
    assert "this model breaks on V4 only" in bad["reason"]


def test_the_doctor_speaks_json_and_exits_with_1_for_an_error(
    toys: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fornix.cli.doctor.registry", lambda parsed: toy_registry(toys))
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == []
    (toys / "models/toy/fornix_model_toy/plugin.py").write_text("import this_is_not_there")
    assert main(["doctor", "--json"]) == 1
    (finding,) = json.loads(capfd.readouterr().out)
    assert set(finding) == {"level", "subject", "sentence", "details"}
    assert finding["level"] == "error"
    assert "cannot be imported: ModuleNotFoundError" in finding["sentence"]
    assert "this_is_not_there" in finding["details"]


def test_testing_a_plugin_speaks_json_and_exits_with_1_where_one_fails(capfd: pytest.CaptureFixture[str]) -> None:
    metric = Path(TOYS) / "metrics/toy"
    assert main(["test", "--here", "--json", str(metric)]) == 1
    (verdict,) = json.loads(capfd.readouterr().out)
    assert (Path(verdict["folder"]), verdict["passed"]) == (metric.resolve(), False)
    assert verdict["reason"] == "it has no tests of its own; add tests/test_*.py"


def test_the_log_of_a_cell_says_how_it_went(filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "toy-linear", "Toy.IT-correlation", "--store", str(filled)]) == 0
    assert "ok" in capfd.readouterr().out
    assert main(["log", "toy-linear", "Toy.IT-correlation", "--store", str(filled), "--json"]) == 0
    (attempt,) = json.loads(capfd.readouterr().out)
    assert attempt["status"] == "ok"
    assert 0 < attempt["score"]["error"] < attempt["score"]["value"] < 1
    for start in (attempt["key"], attempt["key"][:10].upper()):
        assert main(["log", start, "--store", str(filled)]) == 0
        out = capfd.readouterr().out
        assert out.startswith("toy-linear on Toy.IT-correlation\n")
        assert f"cell key {attempt['key']}\nscore: value " in out


def test_a_key_that_names_no_cell_is_refused(filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for start, sentence in (
        ("toy-linear", "'toy-linear' alone names no cell: give a model and a benchmark, or the first 6 digits or more of a key"),
        ("0123456789abcdef", "there is no attempt at a cell with a key that starts with 0123456789abcdef"),
    ):
        assert main(["log", start, "--store", str(filled)]) == 2
        assert sentence in capfd.readouterr().err


def test_planning_leaves_no_store_behind(tmp_path: Path) -> None:
    assert main(["plan", "--plugins", TOYS, "--store", str(tmp_path / "none"), *MODELS]) == 0
    assert not (tmp_path / "none").exists()


def test_a_plan_says_what_is_missing_and_what_is_there(filled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main(["plan", "--plugins", TOYS, "--store", str(filled), *MODELS])
    assert "1 cell: 1 ok; 0 to compute" in capfd.readouterr().out
    main(["plan", "--plugins", TOYS, "--store", str(tmp_path / "none"), *MODELS])
    assert "toy-linear: missing on Toy.IT-correlation\n" in capfd.readouterr().out


def test_a_plan_says_in_a_line_what_is_missing_of_many_cells_or_in_one_for_each(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ["plan", "--plugins", TOYS, "--store", str(tmp_path / "none"), "--models", "toy-linear", "toy-behaving"]
    asked += ["--benchmarks", "Toy-correlation"]
    assert main(asked) == 0
    assert capfd.readouterr().out.splitlines() == [
        "toy-linear: missing on Toy.IT-correlation",
        "toy-behaving: missing on all benchmarks",
        "(3 cells to compute; --verbose gives each a line)",
        "4 cells: 3 missing, 1 skipped; 3 to compute",
    ]
    each = ["missing  toy-linear Toy.IT-correlation", *(f"missing  toy-behaving Toy.{r}-correlation" for r in ("IT", "V4"))]
    assert main([*asked, "--verbose"]) == 0
    assert capfd.readouterr().out.splitlines()[:-1] == each
    assert main([*asked, "--all"]) == 0
    skip = "skipped  toy-linear Toy.V4-correlation (region: toy-linear has no region V4; it has IT)"
    assert capfd.readouterr().out.splitlines()[:-1] == [each[0], skip, *each[1:]]
    family = [*asked[:-4], "toy-behaving", "--benchmarks", "Toy-correlation", "Digits-accuracy"]
    assert main(family) == 0
    assert capfd.readouterr().out.startswith("toy-behaving: missing on Toy-correlation\n")  # a parent for its leaves


def test_a_failed_cell_of_a_plan_has_its_reason_and_no_more(
    toys: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tell(toys, "raise")
    arguments = [
        "--plugins",
        str(toys),
        "--store",
        str(tmp_path / "store"),
        "--models",
        "toy-behaving",
        "--benchmarks",
        "Toy.IT-correlation",
    ]
    assert main(["run", *arguments]) == 1
    capfd.readouterr()
    for verb, start in (
        (["plan"], "toy-behaving: failed on Toy.IT-correlation: "),
        (["plan", "--all"], "failed   toy-behaving Toy.IT"),
    ):
        assert main([*verb, *arguments]) == 0
        line = capfd.readouterr().out.splitlines()[0]
        assert line.startswith(start)
        assert "the model raised on purpose" in line
        assert line.rstrip(")").endswith("of fornix-model-toy")


def test_a_matrix_of_everything_explains_what_was_tried_and_counts_the_rest(
    filled: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["matrix", "--plugins", TOYS, "--store", str(filled)]) == 0
    out = capfd.readouterr().out
    assert out.startswith("(")
    assert "empty cells of models or benchmarks that were never tried; `fornix plan --all` says how each stands)" in out
    assert "missing on" not in out
    assert "0.999 ±" in out
    assert main(["matrix", "--plugins", TOYS, "--store", str(filled), "--models", "toy-linear"]) == 0
    assert "skipped" not in capfd.readouterr().out.split("(")[0]
    assert main(["matrix", "--plugins", TOYS, "--store", str(filled), "--verbose"]) == 0
    assert "skipped  toy-linear Toy.V4-correlation (region: " in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--models", "toy-liner"], "did you mean 'toy-linear'?"),
        (["run", "--benchmarks", "Toy-corelation"], "did you mean 'Toy-correlation'?"),
        (["show", "toy-liner"], "did you mean 'toy-linear'?"),
        (
            ["show", "mycolour"],
            "`fornix list` names them all. A plugin of your own is looked for in the folders that --plugins or",
        ),
        (
            ["run", "--models", "mycolour"],
            "A plugin of your own is looked for in the folders that --plugins or FORNIX_PLUGINS names",
        ),
        (["log", "toy-linear", "Toy.V4-correlation"], "there is no attempt at toy-linear on Toy.V4-correlation"),
        (
            ["log", "toy-linear", "Toy-correlation"],
            "is a parent, made of Toy.IT-correlation, Toy.V4-correlation: name one of these",
        ),
        (
            ["log", "toy-linear", "Toy.V4-corelation"],
            "there is no benchmark 'Toy.V4-corelation'; did you mean 'Toy.V4-correlation'?",
        ),
        (["log", "toy-liner", "Toy.V4-correlation"], "there is no model 'toy-liner'; did you mean 'toy-linear'?"),
        (["log", "../toy", "Toy.V4-correlation"], "'../toy' is no identifier"),
        (["test", "no-such-folder"], "no-such-folder is no plugin and holds none"),
    ],
)
def test_a_request_that_makes_no_sense_exits_with_2_and_a_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = ["--store", str(tmp_path / "store")] if arguments[0] in ("run", "log") else []
    assert main([*arguments, "--plugins", TOYS, *place]) == 2
    err = capfd.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", ["list", "run"])
def test_who_has_no_plugin_is_told_where_they_come_from(
    verb: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(f"fornix.cli.{verb}.registry", lambda parsed: Registry([], []))
    main([verb, *(["--store", str(tmp_path / "store")] if verb == "run" else [])])
    assert "no plugin was found: name a folder of plugins by --plugins or FORNIX_PLUGINS" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runn"], "did you mean 'run'?"),
        (["recsore"], "did you mean 'rescore'?"),
        (["rescore", "--no-rety"], "unrecognized arguments: --no-rety"),
        (["run", "--modles", "pixels"], "unrecognized arguments: --modles pixels (did you mean '--models'?)"),
        (["doctor", "--store", "x"], "unrecognized arguments: --store x (this verb has no --store)"),
        (["pull", "x", "--stoer", "y"], "unrecognized arguments: --stoer y (did you mean '--overlay'?)"),
        (["rank", "--stoer=x"], "unrecognized arguments: --stoer=x (did you mean '--store'?)"),
        (["store", "gc", "--stoer", "x"], "unrecognized arguments: --stoer x (did you mean '--store'?)"),
        (["plot", "matrix", "-o", "x.pdf", "--expnad"], "unrecognized arguments: --expnad (did you mean '--expand'?)"),
        (["plot", "--expand", "matrix", "-o", "x.pdf"], "(give --expand behind 'fornix plot matrix')"),
        (["--json", "rank"], "unrecognized arguments: --json (give --json behind 'fornix rank')"),
        (["pull", "x", "y"], "unrecognized arguments: y"),
        (["run", "--engine", "threads"], "invalid choice: 'threads'"),
        (["run", "--engine", "worker"], "(did you mean 'workers'?)"),
        (["list", "modles"], "(did you mean 'models'?)"),
        (["run", "--workers", "0"], "argument --workers: 0 is less than 1"),
        (["run", "--time-limit", "nan"], "argument --time-limit: nan is not above 0"),
        (["run", "--memory-limit", "-1"], "argument --memory-limit: -1 is not above 0"),
        (["run", "--csv", "no/such/folder/matrix.csv"], "argument --csv: no/such/folder/matrix.csv cannot be written"),
        (["matrix", "--netcdf", "/"], "argument --netcdf: / cannot be written"),
        (["test", "--jobs", "-1", "x"], "argument --jobs: -1 is less than 1"),
    ],
)
def test_a_command_line_that_cannot_be_read_exits_with_2_and_a_suggestion(
    arguments: list[str], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capfd.readouterr().err


def test_a_card_with_a_fault_is_shown_by_its_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "mine" / "fornix_model_mine"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "plugin.toml").write_text('schema = 1\n[[model]]\nidentifier = "mine"\nregoins = ["V4"]\n', encoding="utf-8")
    (tmp_path / "mine" / "pyproject.toml").write_text(
        '[project]\nname = "fornix-model-mine"\nversion = "1"\n[project.entry-points.fornix]\nmine = "fornix_model_mine.plugin"',
        encoding="utf-8",
    )
    assert main(["show", "mine", "--plugins", str(tmp_path)]) == 1
    err = capfd.readouterr().err
    assert "regoins is no field of a model card; did you mean 'regions'?" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [["show", "mien"], ["plan", "--models", "mien"]])
def test_what_is_not_there_may_be_in_a_card_file_that_cannot_be_read(
    arguments: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "other"):
        package = tmp_path / name / f"fornix_model_{name}"
        package.mkdir(parents=True)
        (package / "plugin.toml").write_text("schema = 1\n[[model", encoding="utf-8")
        project = f'[project]\nname = "{name}"\nversion = "1"\nentry-points.fornix.{name} = "fornix_model_{name}.plugin"\n'
        (package.parent / "pyproject.toml").write_text(project, encoding="utf-8")
    assert main([*arguments, "--plugins", str(tmp_path)]) == 2
    assert "; 2 card files could not be read, `fornix doctor` says why" in capfd.readouterr().err
    (tmp_path / "one" / "pyproject.toml").unlink()
    assert main([*arguments, "--plugins", str(tmp_path)]) == 2
    assert "; 1 card file and 1 plugin folder could not be read, `fornix doctor` says why" in capfd.readouterr().err


def test_what_is_empty_is_said_of_many_cells_at_once_or_of_each(
    filled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ["--plugins", TOYS, "--models", "toy-linear", "toy-behaving", "--benchmarks", "Toy-correlation"]
    assert main(["matrix", "--store", str(filled), *asked]) == 0
    assert capfd.readouterr().out.splitlines()[:3] == [
        "toy-linear: skipped on Toy.V4-correlation: region (toy-linear has no region V4; it has IT)",
        "toy-behaving: missing on all benchmarks",
        "(3 empty cells; --verbose gives each a line)",
    ]
    assert main(["matrix", "--store", str(filled), *asked, "--verbose"]) == 0
    assert capfd.readouterr().out.splitlines()[:3] == [
        "skipped  toy-linear Toy.V4-correlation (region: toy-linear has no region V4; it has IT)",
        "missing  toy-behaving Toy.IT-correlation",
        "missing  toy-behaving Toy.V4-correlation",
    ]
    assert main(["matrix", "--store", str(tmp_path / "none"), *asked]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == f"no cell asked for has a value in the store {tmp_path / 'none'}"


def test_an_alias_shows_the_card_it_belongs_to(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "ridge_cv", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["identifier"] == "ridge"


def test_chance_that_is_no_fixed_number_is_shown_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "procrustes"]) == 0
    assert "\nchance:         no fixed number: what unrelated data score depends on them" in capfd.readouterr().out
    assert main(["show", "procrustes", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["chance"] is None
    assert main(["show", "rdm"]) == 0
    assert "\nchance:         0.0\n" in capfd.readouterr().out


def test_a_parent_is_shown_with_what_its_leaves_use(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "Toy-correlation", "--kind", "benchmark", "--plugins", TOYS, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["uses"] == {"datasets": ["Toy"], "metrics": ["toy-correlation"]}
    assert main(["show", "Toy-correlation", "--kind", "benchmark", "--plugins", TOYS]) == 0
    assert "uses:\n    datasets: Toy\n    metrics: toy-correlation\n" in capfd.readouterr().out


def test_a_card_is_shown_with_a_line_for_each_option_and_alias(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "ridge"]) == 0
    out = capfd.readouterr().out
    assert "\noptions:\n    alphas (list, [1.0]): penalties above 0;" in out
    assert '\n    direction (str, "forward"; one of "forward", "reverse"): reverse: the target predicts the source\n' in out
    assert "\naliases:\n    ridge_cv: definition=brainscore, stratify_on=object_name\n" in out
    (many,) = [line for line in out.splitlines() if line.startswith("    ridgecv_split: ")]
    assert many.endswith("alphas=0.01, 0.1, 0.5 and 96 more")
    assert not {"{", "}", "["} & set(out.split("aliases:")[1])


def test_a_model_that_needs_options_is_refused_once_before_anything_runs(
    toys: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    card = toys / "models/toy/fornix_model_toy/plugin.toml"
    card.write_text(card.read_text().replace('type = "float", default = 1.0', 'type = "float"'))
    place = ["--plugins", str(toys), "--store", str(tmp_path / "store")]
    for verb in ("plan", "run"):
        assert main([verb, *place, "--models", "toy-linear", "toy-behaving"]) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert err.startswith(
            "fornix: model 'toy-linear' needs its option gain, and a cell is of a model as its card has it: give it a "
        )
        assert "fornix.score('toy-linear', BENCHMARK, options={'gain': ...})" in err
    assert main(["plan", *place, "--json"]) == 0  # not among all models either
    assert "toy-linear" not in capfd.readouterr().out


def test_a_failed_cell_exits_with_1_and_its_log_has_the_traceback(
    toys: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tell(toys, "raise")
    place = ["--store", str(tmp_path / "store")]
    assert main(["run", "--plugins", str(toys), *place, "--models", "toy-behaving", "--benchmarks", "Toy.IT-correlation"]) == 1
    out, err = capfd.readouterr()
    assert "RuntimeError: the model raised on purpose" in out
    assert "1 cell has no result" in err
    assert main(["log", "toy-behaving", "Toy.IT-correlation", *place]) == 0
    log = capfd.readouterr().out
    assert "Traceback" in log
    assert "about to behave: raise" in log


def test_output_that_nobody_reads_any_more_is_no_crash() -> None:
    command = f"{sys.executable} -m fornix.cli.main list | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_cells_computed_with_another_version_of_a_library_are_listed(
    filled: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["plan", "--plugins", TOYS, "--store", str(filled), *MODELS, "--stale-if"]
    assert main([*arguments, "numpy"]) == 0
    assert capfd.readouterr().out == "0 of 1 cell\n"
    then = version("numpy")
    monkeypatch.setattr("fornix.cli.plan.version", lambda name: "99.0")
    assert main([*arguments, "NumPy"]) == 0
    assert capfd.readouterr().out == (
        f"toy-linear Toy.IT-correlation (model side: NumPy {then}, here 99.0)\n"
        f"toy-linear Toy.IT-correlation (scoring side: NumPy {then}, here 99.0)\n"
        "1 of 1 cell\n"
    )


def test_an_unknown_library_is_a_usage_error(filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--plugins", TOYS, "--store", str(filled), "--stale-if", "no-such-library"]) == 2
    assert "'no-such-library' is not installed here" in capfd.readouterr().err


FORNIX = [sys.executable, "-m", "fornix.cli.main"]


def test_a_terminal_that_lacks_a_character_is_shown_its_number(filled: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*FORNIX, "matrix", "--plugins", TOYS, "--models", "toy-linear", "--benchmarks", "Toy.IT-correlation"]
    done = subprocess.run([*command, "--store", str(filled)], env=ascii_only, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\xb1" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_to_a_full_disk_is_a_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*FORNIX, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "fornix: [Errno 28] No space left on device\n"


def test_closed_output_is_no_crash() -> None:
    done = subprocess.run(f"{shlex.join([*FORNIX, 'list'])} >&-", shell=True, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_log_shows_the_further_numbers_of_a_score(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store, key = FolderStore(tmp_path / "store"), "ab" * 32
    ceiling = Score(0.8, error=0.05, details={"upper_bound": 0.9, "halves": math.nan})
    score = Score(
        0.5,
        error=0.1,
        raw=0.4,
        ceiling=ceiling,
        normalisation=Normalisation.RATIO,
        notes=("simulated",),
        details={"agreement": 0.71, "unknown": math.nan},
    )
    store.put_cell(Cell(key, "m", "b", scalars=score_scalars(score)))
    store.add_attempt(Attempt("m", "b", key, "ok", "", "2026-01-01T00:00:00+00:00", 1.5), "it ran")
    assert main(["log", "m", "b", "--store", str(store.path)]) == 0
    assert capfd.readouterr().out.splitlines()[2:] == [
        f"took 1.5 s; cell key {key}",
        "score: value 0.5, error 0.1, raw 0.4, ceiling 0.8, s/c",
        "notes: simulated",
        "details: agreement 0.71, unknown nan",
        "details of the ceiling: halves nan, upper_bound 0.9",
        "it ran",
    ]
    older = {name: value for name, value in score_scalars(score).items() if name != "ceiling_details"}
    store.put_cell(Cell("cd" * 32, "m", "old", scalars=older))
    store.add_attempt(Attempt("m", "old", "cd" * 32, "ok", "", "2026-01-01T00:00:00+00:00", 1.5), "it ran")
    assert main(["log", "m", "old", "--store", str(store.path)]) == 0
    assert capfd.readouterr().out.splitlines()[-2:] == ["details: agreement 0.71, unknown nan", "it ran"]
    store.add_attempt(Attempt("m", "c", "abab" + "0" * 60, "failed", "why", "2026-01-01T00:00:00+00:00", 1.5), "")
    assert main(["log", "abab00", "--store", str(store.path)]) == 0
    store.add_attempt(Attempt("m", "c", "ab" * 31 + "cd", "failed", "why", "2026-01-01T00:00:00+00:00", 1.5), "")
    assert main(["log", "ababab", "--store", str(store.path)]) == 2
    assert "the keys of several cells start with ababab: " in capfd.readouterr().err


def test_plugins_that_need_another_environment_can_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """``fornix test --here``: what this interpreter lacks is named, and testing nothing is no success."""
    for kind in ("metrics", "models"):
        shutil.copytree(Path(TOYS) / kind / "toy", tmp_path / kind / "toy")
    project = tmp_path / "models/toy/pyproject.toml"
    project.write_text(project.read_text().replace('["fornix"]', '["fornix", "no-such-library>=3"]'))
    tested: list[Path] = []

    def passes(registry: object, folder: Path, *rest: object) -> Verdict:
        tested.append(folder)
        return Verdict(folder, True)

    monkeypatch.setattr("fornix.conformance.run.run_plugin", passes)
    assert main(["test", "--here", str(tmp_path)]) == 0
    assert tested == [tmp_path / "metrics/toy"]
    sentence = f"left out {tmp_path / 'models/toy'}: this environment lacks no-such-library>=3 (not installed)"
    assert sentence in capfd.readouterr().err
    assert main(["test", "--here", str(tmp_path / "models")]) == 2
    assert "every plugin here needs an environment of its own" in capfd.readouterr().err
    assert main(["test", "--here", "--json", str(tmp_path)]) == 0
    assert [verdict["passed"] for verdict in json.loads(capfd.readouterr().out)] == [True]
