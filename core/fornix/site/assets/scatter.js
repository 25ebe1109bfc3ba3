/* A benchmark against another, or against a number of the models' cards. Which, the fragment says. */
"use strict";
fornix.ready(async () => {
  const site = await fornix.load("site"),
    models = fornix.rows(site.models),
    benchmarks = fornix.rows(site.benchmarks);
  const NUMBERS = new Map([
    ["card:parameters", ["parameters", "parameters", true]],
    ["card:year", ["year", "year", false]],
  ]);
  const top = site.order.map((number) => benchmarks[number]).filter((benchmark) => !benchmark.parent),
    first = top[0]?.benchmark ?? "",
    second = top[1]?.benchmark ?? first;
  const START = { x: "card:parameters", y: first, score: "ceiled", controls: "" };
  if (!models.some((model) => fornix.is(model.parameters) && model.parameters > 0)) START.x = second;
  let view = {};
  const reading = () => {
    const said = fornix.state.read();
    view = Object.fromEntries(Object.entries(START).map(([name, value]) => [name, said.get(name) ?? value]));
  };
  const change = (changes) => {
    view = { ...view, ...changes };
    fornix.state.write(view);
    return show();
  };
  reading();
  const options = benchmarks.map(({ benchmark, parent }) => [benchmark, (parent ? "  " : "") + benchmark]);
  const fields = {
    x: fornix.choice("Across", [...[...NUMBERS].map(([value, [label]]) => [value, `card: ${label}`]), ...options], view.x, (x) =>
      change({ x }),
    ),
    y: fornix.choice("Up", options, view.y, (y) => change({ y })),
    score: fornix.choice(
      "Score",
      [
        ["ceiled", "ceiled"],
        ["raw", "raw"],
      ],
      view.score,
      (score) => change({ score }),
    ),
    controls: fornix.choice(
      "Controls",
      [
        ["", "shown"],
        ["hide", "hidden"],
      ],
      view.controls,
      (controls) => change({ controls }),
    ),
  };
  const part = fornix.element("div", {});

  /* For each model [number, error] and whether it is ranked. */
  const along = async (wanted) => {
    if (NUMBERS.has(wanted)) {
      const [, name, log] = NUMBERS.get(wanted);
      return models.map((model) => ({
        at: fornix.is(model[name]) && (!log || model[name] > 0) ? [model[name], null] : [null, null],
        ranked: true,
      }));
    }
    const benchmark = benchmarks.find((each) => each.benchmark === wanted);
    if (benchmark === undefined) throw new Error(`this snapshot has no benchmark ${wanted}`.trimEnd());
    const content = await fornix.load(`groups/${benchmark.group}`),
      cells = fornix.rows(content.tables[content.benchmarks.indexOf(benchmarks.indexOf(benchmark))]);
    return cells.map((cell) => ({ at: fornix.measured(cell, view.score === "raw"), ranked: cell.ranked }));
  };
  const show = async () => {
    for (const [name, field] of Object.entries(fields)) field.querySelector("select").value = view[name];
    const wanted = { ...view };
    let x, y;
    try {
      [x, y] = await Promise.all([along(view.x), along(view.y)]);
    } catch (error) {
      part.replaceChildren(fornix.element("p", { role: "alert" }, `${error.message}; choose another.`));
      return;
    }
    if (wanted.x !== view.x || wanted.y !== view.y || wanted.score !== view.score) return;
    const points = models
      .map((model, at) => ({
        model,
        name: model.model,
        x: x[at].at[0],
        y: y[at].at[0],
        x_error: x[at].at[1],
        y_error: y[at].at[1],
        kind: !(x[at].ranked && y[at].ranked) ? "unranked" : model.control ? "control" : "",
      }))
      .filter((point) => fornix.is(point.x) && fornix.is(point.y) && !(view.controls === "hide" && point.model.control));
    const label = (name) => NUMBERS.get(name)?.[0] ?? name,
      log = (name) => NUMBERS.get(name)?.[2] ?? false;
    const taking = points.filter((point) => point.kind !== "unranked"),
      out = points.length - taking.length;
    const [across, up] = [taking.map((point) => point.x), taking.map((point) => point.y)];
    const pearson = fornix.pearson(log(view.x) ? across.map(Math.log10) : across, up);
    const spearman = fornix.pearson(fornix.ranks(across), fornix.ranks(up));
    const logarithm = log(view.x) ? " (with the logarithm)" : "";
    const coefficients = `Pearson's r ${fornix.number(pearson)}${logarithm}, Spearman's ${fornix.number(spearman)}`;
    const summary = `${points.length} ${points.length === 1 ? "model has" : "models have"} both${out ? `, ${out} of them out of rankings` : ""}${
      fornix.is(pearson) ? `; ${out ? "without those " : ""}${coefficients}` : ""
    }.`;
    points.sort((a, b) => b.y - a.y);
    const number = (value, name) =>
      NUMBERS.has(name) ? (name === "card:year" ? String(value) : fornix.count(value)) : fornix.number(value);
    part.replaceChildren(
      fornix.element("p", { role: "status" }, summary),
      points.length
        ? fornix.element(
            "figure",
            {},
            fornix.scatter(
              points,
              [
                { label: label(view.x), log: log(view.x) },
                { label: label(view.y), log: false },
              ],
              `${label(view.y)} against ${label(view.x)}: ${summary} The table below has the numbers.`,
            ),
            fornix.element(
              "figcaption",
              {},
              "Bars are one standard error. Hollow marks are controls, grey ones are out of rankings.",
            ),
          )
        : fornix.element("p", {}, "No model has both; choose another pair."),
      points.length
        ? fornix.table(
            "The same in numbers",
            [
              ["model", (point) => fornix.to(fornix.modelPage(point.name), point.name)],
              [
                label(view.x),
                (point) => number(point.x, view.x) + (fornix.is(point.x_error) ? ` ± ${fornix.number(point.x_error)}` : ""),
                "number",
              ],
              [label(view.y), (point) => fornix.pair(point.y, point.y_error), "number"],
              ["remarks", (point) => ({ control: "control", unranked: "out of rankings" })[point.kind] ?? "", "text"],
            ],
            points,
          )
        : "",
    );
  };
  addEventListener("hashchange", () => {
    reading();
    show();
  });
  document
    .querySelector("main")
    .replaceChildren(
      fornix.element("h1", {}, "One number against another"),
      fornix.element(
        "form",
        { class: "bar", on: { submit: (event) => event.preventDefault() } },
        fields.x,
        fields.y,
        fields.score,
        fields.controls,
      ),
      part,
    );
  await show();
});
