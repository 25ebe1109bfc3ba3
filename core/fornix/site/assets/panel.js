/* What is said below the matrix of the cell in view: of a score, a model or a benchmark. */
"use strict";
fornix.panel = (scores) => {
  const element = fornix.element("aside", { class: "panel", "aria-label": "The cell in view" });
  const hint =
    "Click a benchmark to sort by it, + to see what it is made of. † is out of rankings, · skipped, ✕ failed, " +
    "↻ out of date; # is the rank, an interval where models cannot be told apart. Whiskers are one standard error.";
  const facts = (model, benchmark) => {
    if (model && benchmark) return fornix.about(scores.cell(model, benchmark));
    if (model)
      return [
        ["model", model.model],
        ["authors", model.authors],
        ["year", model.year],
        ["parameters", fornix.count(model.parameters)],
        ["takes", model.modalities],
        ["licence", model.licence],
      ];
    return [
      ["benchmark", benchmark.benchmark],
      ["region", benchmark.region],
      ["species", benchmark.species],
      ["technique", benchmark.technique],
      ["dataset", benchmark.dataset],
      ["metric", benchmark.metric],
      ["ranked models", scores.ranked(benchmark)],
    ];
  };
  const links = (model, benchmark) => [
    model
      ? fornix.to(fornix.modelPage(model.model), benchmark ? model.model : model.title || model.model, { title: model.title })
      : "",
    model && benchmark ? " on " : "",
    benchmark
      ? fornix.to(
          fornix.benchmarkPage(benchmark.benchmark),
          model ? benchmark.benchmark : benchmark.title || benchmark.benchmark,
          { title: benchmark.title },
        )
      : "",
  ];
  const show = (model, benchmark) => {
    if (!model && !benchmark) element.replaceChildren(fornix.element("p", {}, hint));
    else
      element.replaceChildren(
        fornix.element("p", { class: "where" }, links(model, benchmark)),
        fornix.facts(facts(model, benchmark)),
      );
  };
  return { element, show };
};
