/* The page of a benchmark: what it measures, its ranking with intervals, its ceiling, where its data come from,
   how to cite it. */
"use strict";
fornix.ready(async () => {
  const name = document.body.dataset.name,
    [site, { card, cells: table, datasets, metrics }] = await Promise.all([
      fornix.load("site"),
      fornix.load(`benchmarks/${name}`),
    ]);
  const models = fornix.rows(site.models),
    benchmarks = fornix.rows(site.benchmarks),
    own = benchmarks.find((benchmark) => benchmark.benchmark === name);
  const cells = fornix.rows(table);
  cells.forEach((cell, at) => {
    cell.model = models[at];
  });
  const falling = (a, b) => b.value - a.value;
  const place = (cell) => cell.rank ?? Number.MAX_VALUE; // one whose rank is not known comes last
  const ranked = cells
    .filter((cell) => cell.ranked && fornix.is(cell.value))
    .sort((a, b) => place(a) - place(b) || falling(a, b));
  const unranked = cells.filter((cell) => !cell.ranked && fornix.is(cell.value)).sort(falling),
    empty = cells.filter((cell) => !fornix.is(cell.value));
  unranked.forEach((cell) => {
    cell.kind = "unranked";
  });
  const range = fornix.extent([...ranked, ...unranked]);
  const columns = [
    ["model", (cell) => fornix.to(fornix.modelPage(cell.model.model), fornix.breakable(cell.model.model))],
    ["rank", (cell) => (cell.ranked ? fornix.rank(cell) : "†"), "number"],
    ["score", (cell) => fornix.pair(cell.value, cell.error), "number"],
    [fornix.axis(range), (cell) => fornix.strip(range, [fornix.marked(cell)]), "drawing"],
    [
      "95 % interval",
      (cell) =>
        fornix.is(cell.interval_low) && fornix.is(cell.interval_high)
          ? `${fornix.number(cell.interval_low)} to ${fornix.number(cell.interval_high)}`
          : "not known",
      "number",
    ],
    ["raw", (cell) => fornix.pair(cell.raw, cell.raw_error), "number"],
    ["ceiling", (cell) => (fornix.is(cell.ceiling) ? fornix.pair(cell.ceiling, cell.ceiling_error) : "none"), "number"],
    [
      "remarks",
      (cell) =>
        [
          cell.model.control ? "control" : "",
          cell.flags ? `out of rankings: ${cell.flags}` : "",
          fornix.partial(cell),
          cell.notes,
        ]
          .filter(Boolean)
          .join("; "),
      "text",
    ],
  ];
  const ceilings = [
    ...new Map(
      cells
        .filter((cell) => fornix.is(cell.ceiling))
        .map((cell) => [cell.ceiling, fornix.pair(cell.ceiling, cell.ceiling_error)]),
    ).values(),
  ];
  /* Those that it is made of, also where they are shown below another parent. */
  const within = new Set(card.aggregate ? card.aggregate.children.flat(Infinity) : []),
    children = benchmarks.filter(({ benchmark }) => within.has(benchmark));
  const named = (each) => (Array.isArray(each) ? `(${each.map(named).join(", ")})` : each);
  const nesting =
    card.aggregate && card.aggregate.children.some(Array.isArray)
      ? `, those in brackets first: ${card.aggregate.children.map(named).join(", ")}`
      : "";
  const link = (benchmark) => fornix.to(fornix.benchmarkPage(benchmark), benchmark);
  document.querySelector("main").replaceChildren(
    fornix.element("h1", {}, card.title || card.identifier),
    fornix.facts([
      ...fornix.origin(card),
      ["modality", fornix.several(card.modalities)],
      ["region", own.region],
      ["task", fornix.several(card.tasks)],
      ["species", own.species],
      ["technique", own.technique],
      ["simulated", own.simulated ? "yes: its data were computed, not measured" : ""],
      ["metric", metrics.map((metric) => `${metric.identifier}: ${metric.title}`).join("; ")],
      [
        "normalisation",
        card.aggregate
          ? ""
          : card.normalisation === "none"
            ? "none: the score is the raw value, without a ceiling"
            : card.normalisation,
      ],
      [
        "ceiling",
        ceilings.length === 1
          ? ceilings[0]
          : ceilings.length
            ? `differs between models: ${ceilings.slice(0, 3).join("; ")}${ceilings.length > 3 ? " …" : ""}`
            : "none",
      ],
      ["chance", card.aggregate ? "" : card.chance === null ? "no fixed number" : fornix.number(card.chance)],
      ["part of", own.parent ? link(own.parent) : ""],
    ]),
    fornix.section(
      "Ranking",
      ranked.length + unranked.length
        ? [
            fornix.element(
              "p",
              {},
              "Ranks are intervals where models cannot be told apart; lines are 95 % intervals. " +
                "† is out of rankings, for the reason beside it.",
            ),
            fornix.table(`Ranking on ${name}`, columns, [...ranked, ...unranked]),
          ]
        : fornix.element("p", {}, "No model has a score yet."),
    ),
    fornix.section(
      "Without a score",
      empty.length
        ? fornix.element(
            "details",
            {},
            fornix.element("summary", {}, `${empty.length} of ${cells.length} models, and why`),
            fornix.table("Models without a score", [columns[0], ["why", (cell) => fornix.emptiness(cell), "text"]], empty),
          )
        : fornix.element("p", {}, "None: every model has one."),
    ),
    children.length
      ? fornix.section(
          "Made of",
          fornix.element("p", {}, `The mean of ${children.length} benchmarks${nesting}:`),
          fornix.element(
            "ul",
            { class: "many" },
            children.map((child) => fornix.element("li", {}, link(child.benchmark))),
          ),
        )
      : "",
    fornix.section(
      "Data",
      datasets.length
        ? datasets.map((dataset) =>
            fornix.element(
              "div",
              { class: "dataset" },
              fornix.element("h3", {}, dataset.title || dataset.identifier),
              fornix.facts([
                ...fornix.origin(dataset),
                [
                  "subjects",
                  dataset.subjects?.length
                    ? `${dataset.subjects.length}: ${dataset.subjects.slice(0, 12).join(", ")}` +
                      (dataset.subjects.length > 12 ? " …" : "")
                    : "",
                ],
                ["stimuli", dataset.stimuli === "absent" ? "not available: only models with recorded answers can be scored" : ""],
                ["known defect", dataset.defect ? [`${dataset.defect.what} `, fornix.outward(dataset.defect.erratum)] : ""],
              ]),
            ),
          )
        : fornix.element("p", {}, "Those of its children."),
    ),
    fornix.section(
      "Run it",
      fornix.copied(`fornix run --models <a model> --benchmarks ${name}`, "command"),
      fornix.element("p", {}, "Or take these scores into Python:"),
      fornix.copied(
        `import fornix\nmatrix = fornix.pull("${fornix.place()}", version="${site.version}", benchmarks=["${name}"])`,
        "Python",
      ),
    ),
    fornix.section(
      "Provenance",
      fornix.facts([
        ...fornix.provenance(ranked.concat(unranked)),
        ["scored by", `fornix ${site.fornix}`],
        ["snapshot", site.version],
      ]),
    ),
    fornix.section(
      "Cite",
      [card, ...datasets, ...metrics]
        .filter((each, at, all) => each.citation && all.findIndex((other) => other.citation === each.citation) === at)
        .map((each) => [
          fornix.element("h3", {}, `${each.kind}: ${each.title || each.identifier}`),
          fornix.citation(each, each.identifier),
        ]),
    ),
  );
});
