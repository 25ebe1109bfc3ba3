/* The page of a model: what it is, what it scores, which layers stand for which regions, how to run and to cite it. */
"use strict";
fornix.ready(async () => {
  const name = document.body.dataset.name,
    [site, fields, { card, cells: table, layers }] = await Promise.all([
      fornix.load("site"),
      fornix.load("spans"),
      fornix.load(`models/${name}`),
    ]);
  const benchmarks = fornix.rows(site.benchmarks),
    cells = fornix.rows(table);
  cells.forEach((cell, at) => {
    cell.benchmark = benchmarks[at];
    cell.field = fields[at];
  });
  const scored = cells.filter((cell) => fornix.is(cell.value)),
    empty = cells.filter((cell) => !fornix.is(cell.value));
  const depths = new Map();
  benchmarks.forEach((benchmark) =>
    depths.set(benchmark.benchmark, benchmark.parent ? 1 + (depths.get(benchmark.parent) ?? 0) : 0),
  );
  const range = fornix.extent(scored);
  const columns = [
    [
      "benchmark",
      (cell) =>
        fornix.to(fornix.benchmarkPage(cell.benchmark.benchmark), fornix.breakable(cell.benchmark.benchmark), {
          class: `depth-${Math.min(depths.get(cell.benchmark.benchmark), 3)}`,
        }),
    ],
    ["score", (cell) => fornix.pair(cell.value, cell.error) + (cell.ranked ? "" : "†"), "number"],
    [fornix.axis(range), (cell) => fornix.strip(range, [fornix.marked(cell)], cell.field), "drawing"],
    ["rank", (cell) => fornix.rank(cell), "number"],
    ["raw", (cell) => fornix.pair(cell.raw, cell.raw_error), "number"],
    ["ceiling", (cell) => (fornix.is(cell.ceiling) ? fornix.pair(cell.ceiling, cell.ceiling_error) : "none"), "number"],
    [
      "remarks",
      (cell) => [cell.flags ? `out of rankings: ${cell.flags}` : "", fornix.partial(cell), cell.notes].filter(Boolean).join("; "),
      "text",
    ],
  ];
  const leaves = [...scored, ...cells].filter((cell) => cell.benchmark.leaf).map((cell) => cell.benchmark.benchmark);
  const code = (text) => fornix.element("code", {}, text);
  const committed = ({ regions, behaviour }) =>
    regions
      ? [
          fornix.table(
            "Which layers stand for which region",
            [
              ["region", (row) => (row.region !== "*" ? row.region : regions.length > 1 ? "every other region" : "every region")],
              ["layers", (row) => code(row.layers.join(", "))],
              ["how chosen", (row) => row.how],
            ],
            regions,
          ),
          behaviour ? fornix.element("p", {}, "Tasks are read from ", code(behaviour), ".") : "",
        ]
      : "";
  const profiles = (rows) =>
    [
      ...d3.group(
        rows,
        (row) => row.region,
        (row) => row.data,
      ),
    ].flatMap(([region, of]) =>
      [...of].map(([data, points]) => {
        const best = points.find((point) => point.selected),
          span = fornix.extent(points);
        const caption = `Layers of ${name} scored for ${region} on ${data} (${points[0].metric})`;
        return [
          fornix.element(
            "figure",
            {},
            fornix.profile(points, `${caption}${best ? `; ${best.layer} is selected` : ""}. The table below has the numbers.`),
            fornix.element(
              "figcaption",
              {},
              `${caption}, in the order of the forward pass. ` +
                `${best ? `The ringed one, ${best.layer}, stands for ${region}. ` : ""}` +
                "Bars are 95 % intervals; these data are set aside and in no score above.",
            ),
          ),
          fornix.element(
            "details",
            {},
            fornix.element("summary", {}, `${points.length} layers in numbers`),
            fornix.table(
              caption,
              [
                ["layer", (point) => code(point.layer)],
                ["score", (point) => fornix.pair(point.value, point.error), "number"],
                [
                  fornix.axis(span),
                  (point) => fornix.strip(span, [{ value: point.value, low: point.interval_low, high: point.interval_high }]),
                  "drawing",
                ],
                ["selected", (point) => (point.selected ? "yes" : "")],
              ],
              points,
            ),
          ),
        ];
      }),
    );
  document
    .querySelector("main")
    .replaceChildren(
      fornix.element("h1", {}, card.title || card.identifier),
      fornix.facts([
        ...fornix.origin(card),
        ["takes", fornix.several(card.modalities)],
        ["regions", card.regions?.includes("*") ? "every region" : fornix.several(card.regions)],
        ["tasks", fornix.several(card.tasks)],
        ["parameters", fornix.count(card.parameters)],
        ["trained on", fornix.training(card)],
        ["replays answers to", fornix.several(card.replays)],
        ["layers selected on", fornix.several(card.selected_on)],
        ["control", card.control ? "yes: made to show what a score is worth" : ""],
        ["deterministic", card.deterministic === false ? "no: answers are repeated" : ""],
      ]),
      fornix.element(
        "p",
        {},
        fornix.to(`../compare.html#${new URLSearchParams({ a: name })}`, "Compare with another model", { class: "button" }),
      ),
      fornix.section(
        "Scores",
        scored.length
          ? [
              fornix.element(
                "p",
                {},
                "Dots are scores with their 95 % intervals; the band behind is what ranked models span. " +
                  "† is out of rankings; ranks are intervals where models cannot be told apart.",
              ),
              fornix.table(`Scores of ${name}`, columns, scored),
            ]
          : fornix.element("p", {}, "No score yet."),
      ),
      fornix.section(
        "Without a score",
        empty.length
          ? fornix.element(
              "details",
              {},
              fornix.element("summary", {}, `${empty.length} of ${cells.length} benchmarks, and why`),
              fornix.table("Benchmarks without a score", [columns[0], ["why", (cell) => fornix.emptiness(cell), "text"]], empty),
            )
          : fornix.element("p", {}, "None: it has a score on every benchmark."),
      ),
      fornix.section(
        "Layers",
        layers
          ? [committed(layers), profiles(layers.profile ?? [])]
          : fornix.element("p", {}, "The snapshot knows nothing of its layers."),
      ),
      fornix.section(
        "Run it",
        fornix.copied(`fornix run --models ${name} --benchmarks ${leaves[0] ?? "<a benchmark>"}`, "command"),
        fornix.element("p", {}, "Or take these scores into Python:"),
        fornix.copied(
          `import fornix\nmatrix = fornix.pull("${fornix.place()}", version="${site.version}", models=["${name}"])`,
          "Python",
        ),
      ),
      fornix.section(
        "Provenance",
        fornix.facts([...fornix.provenance(scored), ["scored by", `fornix ${site.fornix}`], ["snapshot", site.version]]),
      ),
      fornix.section("Cite", fornix.citation(card, name)),
    );
});
