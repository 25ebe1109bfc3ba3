/* The first page: the matrix, what searches, filters and colours it, and what takes it away. */
"use strict";
fornix.ready(async () => {
  const site = await fornix.load("site");
  const [models, benchmarks] = [site.models, site.benchmarks].map(fornix.rows);
  for (const all of [models, benchmarks]) all.forEach((each, index) => Object.assign(each, { index }));
  let rows = [],
    columns = [];

  const scores = fornix.scores({
    came: (group, again) => {
      if (again)
        show(); // what is sorted by it can be now
      else grid.repaint((column) => columns[column]?.group === group);
    },
    lost: () => tell(),
  });
  const view = fornix.view(site, models, benchmarks, scores, () => show());
  const places = fornix.places(view, scores),
    panel = fornix.panel(scores);

  // ------------------------------------------------------------------ around the grid
  const search = (label, name) => {
    const control = fornix.element("input", {
      type: "search",
      autocomplete: "off",
      maxlength: 200,
      on: { input: () => view.change({ [name]: control.value }) },
    });
    return { name, control, field: fornix.field(label, control) };
  };
  const select = (label, name, options) => {
    const field = fornix.choice(label, options, view.of(name), (value) => view.change({ [name]: value }));
    return { name, control: field.querySelector("select"), field };
  };
  const fields = [
    search("Models", "find"),
    search("Benchmarks", "benchmark"),
    select("Modality", "modality", [["", "all"], ...view.modalities.map((name) => [name, name])]),
    ...[
      ["Score", "score", { ceiled: "ceiled", raw: "raw" }],
      ["Colour", "colour", { each: "each benchmark", one: "0 to 1", none: "none" }],
      ["Controls", "controls", { "": "shown", hide: "hidden" }],
      ["Unscored models", "empty", { "": "shown", hide: "hidden" }],
    ].map(([label, name, options]) => select(label, name, Object.entries(options))),
  ];
  const foldAll = fornix.element("button", {
    type: "button",
    on: { click: () => view.change({ open: view.of("open") === "*" ? "" : "*" }) },
  });
  const compare = fornix.element("a", { class: "button", href: "compare.html" });
  const said = fornix.element("p", { role: "status", class: "count" });
  const tell = () => {
    const lacking = scores.lacking(),
      counts = `${rows.length} of ${models.length} models, ${columns.length} of ${benchmarks.length} benchmarks`;
    said.textContent = lacking ? `${counts}. ${lacking}; scroll or sort to try again` : counts;
  };

  const saved = () => {
    const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
      written = (each) => (fornix.is(each) ? String(each) : "");
    const head = ["model", ...columns.flatMap(({ benchmark }) => [benchmark, `${benchmark} error`])];
    const numbers = (model) =>
      columns.flatMap((benchmark) => fornix.measured(scores.cell(model, benchmark), view.raw()).map(written));
    const lines = [head, ...rows.map((model) => [model.model, ...numbers(model)])];
    fornix.save("fornix-view.csv", `${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`, "text/csv");
  };
  const save = async () => {
    if (await scores.need(columns.map((benchmark) => benchmark.group))) saved();
  };
  const files = fornix.element(
    "details",
    { class: "files" },
    fornix.element("summary", {}, "Download"),
    fornix.element(
      "ul",
      {},
      fornix.element("li", {}, fornix.element("button", { type: "button", on: { click: save } }, "CSV of this view")),
      site.files.map(([label, href]) => fornix.element("li", {}, fornix.to(href, label, { download: true }))),
    ),
  );
  const place = fornix.element("div", { class: "scroller" });
  document.querySelector("main").replaceChildren(
    fornix.element("h1", { class: "heard" }, "Every model on every benchmark"),
    fornix.element(
      "details",
      { class: "tools", open: matchMedia("(min-width: 48rem)").matches },
      fornix.element("summary", {}, "Search, filter and colour"),
      fornix.element(
        "form",
        { class: "bar", on: { submit: (event) => event.preventDefault() } },
        fields.map(({ field }) => field),
      ),
    ),
    fornix.element("div", { class: "bar under" }, said, foldAll, compare, files),
    fornix.element(
      "p",
      { class: "heard", id: "keys" },
      "Arrow keys move between cells, Home and End along a row, with Control to the corners. Enter on a benchmark sorts by it, " +
        "space unfolds it. Enter on a model opens its page, space chooses it to compare.",
    ),
    place,
    panel.element,
  );

  const grid = fornix.grid(place, {
    label: "Scores: a row for each model, a column for each benchmark",
    describedby: "keys",
    rows: () => rows.length,
    columns: () => columns.length,
    fill: (row, column, element) => {
      if (row >= 0 && column >= 0) places.score(rows[row], columns[column], element);
      else if (row >= 0) places.name(rows[row], element);
      else if (column >= 0) places.head(columns[column], element);
      else places.model(element);
    },
    act: (row, column, event) => {
      const model = rows[row],
        benchmark = columns[column];
      if (model && column < 0) {
        if (event.key === "Enter") location.href = fornix.modelPage(model.model);
        else if (event.key === " " || event.type === "change") view.choose(model.model);
      } else if (!model) {
        const folds = event.key === " " || event.target.closest(".fold");
        if (benchmark && folds && view.children(benchmark).length) view.fold(benchmark);
        else view.sort(benchmark ? benchmark.benchmark : view.NAMES, event.shiftKey);
      }
    },
    under: places.line,
    rule: (row, seen, line) =>
      places.whiskers(
        rows[row],
        seen.map(({ index, start, size }) => ({ benchmark: columns[index], start, size })),
        line,
      ),
    look: (row, column) => panel.show(rows[row], columns[column]),
    drawn: (seen, scrolling) =>
      scores.need(
        seen.flatMap((column) => columns[column]?.group ?? []),
        !scrolling,
      ),
  });

  let shows = 0;
  const show = async () => {
    const mine = ++shows;
    await scores.need(view.wanted());
    if (mine !== shows) return;
    columns = view.columns();
    rows = view.rows(columns);
    grid.refresh();
    for (const { name, control } of fields) if (control.value !== view.of(name)) control.value = view.of(name);
    tell();
    foldAll.textContent = view.of("open") === "*" ? "Fold all" : "Unfold all";
    const [a, b] = view.chosen();
    compare.textContent = b ? `Compare ${a} with ${b}` : a ? `Compare ${a} …` : "Compare two models";
    compare.href = `compare.html#${new URLSearchParams({ ...(a ? { a } : {}), ...(b ? { b } : {}) })}`;
    document.body.dataset.shown = String(shows);
  };
  addEventListener("hashchange", () => {
    view.read();
    show();
  });
  panel.show();
  await show();
});
