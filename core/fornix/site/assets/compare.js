/* Two models side by side, benchmark by benchmark. Which two, and which benchmarks, the fragment says. */
"use strict";
fornix.ready(async () => {
  const site = await fornix.load("site"),
    models = fornix.rows(site.models),
    benchmarks = fornix.rows(site.benchmarks);
  const main = document.querySelector("main"),
    names = models.map((model) => model.model),
    part = fornix.element("div", {});
  let view = {};
  const reading = () => {
    const said = fornix.state.read();
    view = {
      a: said.get("a") ?? names[0],
      b: said.get("b") ?? names.find((name) => name !== (said.get("a") ?? names[0])) ?? names[0],
      leaves: said.get("leaves") ?? "",
    };
  };
  const change = (changes) => {
    view = { ...view, ...changes };
    fornix.state.write(view);
    return show();
  };
  reading();
  const titles = models.map((model) => [model.model, model.model]);
  const fields = {
    a: fornix.choice("First model", titles, view.a, (a) => change({ a })),
    b: fornix.choice("Second model", titles, view.b, (b) => change({ b })),
    leaves: fornix.choice(
      "Benchmarks",
      [
        ["", "top of the tree"],
        ["all", "all, with their children"],
      ],
      view.leaves,
      (leaves) => change({ leaves }),
    ),
  };
  const swap = fornix.element("button", { type: "button", on: { click: () => change({ a: view.b, b: view.a }) } }, "Swap");

  const show = async () => {
    for (const [name, field] of Object.entries(fields)) field.querySelector("select").value = view[name];
    const absent = [...new Set([view.a, view.b])].filter((name) => !names.includes(name));
    let why = null;
    if (names.length < 2) why = "This snapshot has no two models.";
    else if (absent.length) why = `This snapshot has no model ${absent.join(", ")}; choose others.`;
    else if (view.a === view.b) why = "These are one model; choose two to compare them.";
    if (why !== null) return part.replaceChildren(fornix.element("p", { role: "alert" }, why));
    const wanted = { ...view },
      [a, b] = await Promise.all([view.a, view.b].map((name) => fornix.load(`models/${name}`)));
    if (wanted.a !== view.a || wanted.b !== view.b) return undefined;
    const [ofA, ofB] = [fornix.rows(a.cells), fornix.rows(b.cells)];
    const rows = benchmarks
      .map((benchmark, at) => ({ benchmark, a: ofA[at], b: ofB[at] }))
      .filter((row) => (view.leaves || !row.benchmark.parent) && (fornix.is(row.a.value) || fornix.is(row.b.value)));
    const both = rows.filter((row) => fornix.is(row.a.value) && fornix.is(row.b.value)),
      range = fornix.extent(rows.flatMap((row) => [row.a, row.b]));
    const value = (cell) =>
      fornix.is(cell.value)
        ? fornix.pair(cell.value, cell.error) + (cell.ranked ? "" : "†")
        : fornix.element("span", { class: "why" }, fornix.emptiness(cell));
    const difference = (row) => {
      if (!both.includes(row)) return "";
      const by = row.a.value - row.b.value;
      return `${by > 0 ? "+" : ""}${fornix.number(by)}`;
    };
    part.replaceChildren(
      fornix.element(
        "p",
        { role: "status" },
        `Both have a score on ${both.length} of these benchmarks, one alone on ${rows.length - both.length}.`,
      ),
      fornix.element(
        "p",
        { class: "key" },
        fornix.element("span", { class: "dot first" }),
        `above: ${view.a}`,
        fornix.element("span", { class: "dot second" }),
        `below: ${view.b}; lines are 95 % intervals.`,
      ),
      fornix.table(
        `${view.a} and ${view.b}`,
        [
          [
            "benchmark",
            (row) =>
              fornix.to(fornix.benchmarkPage(row.benchmark.benchmark), fornix.breakable(row.benchmark.benchmark), {
                class: `depth-${view.leaves && row.benchmark.parent ? 1 : 0}`,
              }),
          ],
          [fornix.to(fornix.modelPage(view.a), view.a), (row) => value(row.a), "number"],
          [fornix.to(fornix.modelPage(view.b), view.b), (row) => value(row.b), "number"],
          ["difference", difference, "number"],
          [
            fornix.axis(range),
            (row) =>
              fornix.strip(range, [
                { ...fornix.marked(row.a), kind: "first" },
                { ...fornix.marked(row.b), kind: "second" },
              ]),
            "drawing",
          ],
          ["ranks", (row) => [fornix.rank(row.a), fornix.rank(row.b)].filter(Boolean).join(" and "), "number"],
        ],
        rows,
      ),
      fornix.element(
        "p",
        {},
        "The two errors say little about the difference, as both models answered to the same stimuli. " +
          "Its own test is paired, over their replicates:",
      ),
      fornix.copied(
        `fornix compare ${view.a} ${view.b} --snapshot ${fornix.quoted(fornix.place())} --version ${site.version}`,
        "command",
      ),
    );
    document.title = `${view.a} and ${view.b} – fornix`;
    return undefined;
  };
  addEventListener("hashchange", () => {
    reading();
    show();
  });
  main.replaceChildren(
    fornix.element("h1", {}, "Compare two models"),
    fornix.element(
      "form",
      { class: "bar", on: { submit: (event) => event.preventDefault() } },
      fields.a,
      fields.b,
      swap,
      fields.leaves,
    ),
    part,
  );
  await show();
});
