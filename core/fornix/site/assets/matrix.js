/* The matrix: models by benchmarks, sorted, filtered and searched (TanStack Table), its tree of benchmarks folded; what it shows
   is said by the fragment, so that a link keeps it. */
"use strict";
fornix.ready(async () => {
  const site = await fornix.load("site");
  const models = fornix.rows(site.models), benchmarks = fornix.rows(site.benchmarks);
  const { createTable, getCoreRowModel, getFilteredRowModel, getSortedRowModel } = TableCore;
  const main = document.querySelector("main");

  // ------------------------------------------------------------------ cells, which arrive by group
  const groups = new Map(); // group -> { number of benchmark -> array of cells }
  const tied = new Map(); // number of benchmark -> how many models are ranked
  const asked = new Map(); // group that is here or under way -> promise of whether it came
  const failed = new Map(); // group -> why it could not be loaded
  const EMPTY = { status: "" };
  const cellsOf = (benchmark) => groups.get(benchmark.group)?.get(benchmark.index);
  const cellAt = (model, benchmark) => cellsOf(benchmark)?.[model.index] ?? EMPTY;
  const arrival = async (group) => {
    try {
      const content = await fornix.load(`groups/${group}`);
      const cells = new Map(content.benchmarks.map((number, at) => [number, fornix.rows(content.tables[at])]));
      for (const [number, column] of cells) {
        tied.set(number, column.filter((cell) => cell.ranked).length);
        scale(number, column);
      }
      groups.set(group, cells);
      if (failed.delete(group)) show(); // what is sorted by it can be now
      else grid.repaint((column) => columns[column]?.group === group);
      return true;
    } catch (error) {
      asked.delete(group); // tried again when it is wanted again
      failed.set(group, error.message);
      tell();
      return false;
    }
  };
  /* Whether all these groups came, which may have been under way. */
  const need = async (wanted) => {
    const all = [...new Set(wanted)];
    for (const group of all) if (!asked.has(group)) asked.set(group, arrival(group));
    return (await Promise.all(all.map((group) => asked.get(group)))).every(Boolean);
  };
  const ends = new Map(); // number of benchmark -> [[low, high] of the score, of the raw one]
  const scale = (number, cells) => {
    const range = (numbers) => (numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1]);
    const ranked = cells.filter((cell) => cell.ranked);
    ends.set(number, [
      range(ranked.map((cell) => cell.value).filter(fornix.is)),
      range(ranked.map((cell) => cell.raw).filter(fornix.is))
    ]);
  };

  const NAMES = "*"; // the column of models, which no benchmark can be called

  // ------------------------------------------------------------------ the view, as the fragment has it
  const START = {
    sort: `${benchmarks[site.order[0]].benchmark}:desc`, find: "", benchmark: "", modality: "", open: "",
    score: "ceiled", colour: "each", controls: "", empty: "", models: "",
  };
  let view = START;
  const reading = () => {
    const said = fornix.state.read();
    view = Object.fromEntries(Object.entries(START).map(([name, value]) => [name, said.get(name) ?? value]));
  };
  const change = (changes) => {
    view = { ...view, ...changes };
    fornix.state.write(Object.fromEntries(Object.entries(view).filter(([name, value]) => value !== START[name])));
    return show();
  };
  reading();

  const byName = new Map(benchmarks.map((benchmark) => [benchmark.benchmark, benchmark]));
  benchmarks.forEach((benchmark, index) => {
    benchmark.index = index;
    benchmark.children = benchmarks.filter((other) => other.parent === benchmark.benchmark);
  });
  models.forEach((model, index) => { model.index = index; });
  const depth = (benchmark) => (benchmark.parent ? 1 + depth(byName.get(benchmark.parent)) : 0);
  const opened = () => {
    if (view.open === "*") return new Set(byName.keys());
    return new Set(view.open.split(",").filter(Boolean));
  };
  const chosen = () => view.models.split(",").filter((name) => models.some((model) => model.model === name));
  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (texts, wanted) => {
    const all = texts.join(" ").toLowerCase();
    return wanted.every((word) => all.includes(word));
  };

  const ordered = site.order.map((number) => benchmarks[number]);

  const columnsInView = () => {
    const open = opened(), wanted = words(view.benchmark), taken = view.modality;
    const unfolded = (benchmark) => !benchmark.parent || (open.has(benchmark.parent) && unfolded(byName.get(benchmark.parent)));
    const found = ({ benchmark, title, region, species, technique, dataset, metric }) =>
      has([benchmark, title, region, species, technique, dataset, metric], wanted);
    return ordered.filter((benchmark) => (wanted.length ? found(benchmark) : unfolded(benchmark))
      && (!taken || benchmark.modalities.split("; ").includes(taken)));
  };
  const raw = () => view.score === "raw";
  const sorting = () => view.sort.split(",").filter(Boolean).map((part) => {
    const cut = part.lastIndexOf(":");
    return { id: part.slice(0, cut), desc: part.slice(cut + 1) === "desc" };
  });

  const table = createTable({
    data: models,
    columns: [
      { id: NAMES, accessorFn: (model) => model.model, sortingFn: "alphanumeric", sortDescFirst: false },
      ...benchmarks.map((benchmark) => ({
        id: benchmark.benchmark, sortingFn: "basic", sortUndefined: "last", sortDescFirst: true, enableGlobalFilter: false,
        accessorFn: (model) => {
          const cell = cellAt(model, benchmark);
          return cell.ranked ? fornix.measured(cell, raw())[0] ?? undefined : undefined;
        },
      })),
    ],
    globalFilterFn: (row, _, filter) => filter(row.original),
    getColumnCanGlobalFilter: (column) => column.id === NAMES,
    state: {}, onStateChange: () => {}, renderFallbackValue: null,
    getCoreRowModel: getCoreRowModel(), getFilteredRowModel: getFilteredRowModel(), getSortedRowModel: getSortedRowModel(),
  });

  let rows = [], columns = [];
  const settle = () => {
    columns = columnsInView();
    const wanted = words(view.find), order = sorting().filter(({ id }) => id === NAMES || byName.has(id));
    const keep = (model) => has([model.model, model.title, model.authors], wanted) && !(view.controls === "hide" && model.control)
      && (!view.modality || model.modalities.split("; ").includes(view.modality))
      && !(view.empty === "hide" && !columns.some((benchmark) => cellAt(model, benchmark).status === "ok"));
    table.setOptions((options) => ({
      ...options, data: models.slice(),
      state: { ...table.initialState, sorting: order, globalFilter: keep }
    }));
    rows = table.getRowModel().rows.map((row) => row.original);
  };

  // ------------------------------------------------------------------ what a place of the grid shows
  const fold = (benchmark) => {
    const open = opened();
    if (!open.delete(benchmark.benchmark)) open.add(benchmark.benchmark);
    return change({ open: [...open].join(",") });
  };
  const sort = (id, more) => {
    const now = sorting(), held = now.find((each) => each.id === id), first = id !== NAMES;
    const next = held === undefined ? { id, desc: first } : held.desc === first ? { id, desc: !first } : null;
    const others = more ? now.filter((each) => each.id !== id) : [];
    return change({ sort: [...others, ...(next ? [next] : [])]
      .map((each) => `${each.id}:${each.desc ? "desc" : "asc"}`)
      .join(",") || `${NAMES}:asc` });
  };
  const choose = (name) => {
    const now = chosen(), next = now.includes(name) ? now.filter((each) => each !== name) : [...now, name].slice(-2);
    return change({ models: next.join(",") });
  };

  const header = (benchmark, element) => {
    const order = sorting().find((each) => each.id === benchmark.benchmark);
    element.setAttribute("aria-sort", order ? (order.desc ? "descending" : "ascending") : "none");
    element.className = `cell column depth-${Math.min(depth(benchmark), 3)}${order ? " sorted" : ""}`;
    element.title = benchmark.title;
    const open = opened().has(benchmark.benchmark), inside = benchmark.children.length;
    const inParent = benchmark.parent && benchmark.benchmark.startsWith(benchmark.parent);
    const own = inParent ? benchmark.benchmark.slice(benchmark.parent.length).replace(/^[.\-_]+/, "") : "";
    const name = inParent ? `…${own}` : benchmark.benchmark;
    element.replaceChildren(...[
      fornix.element("span", { class: "kind" },
        [benchmark.region, benchmark.species].filter(Boolean).join(", ") || benchmark.modalities
      ),
      fornix.element("span", { class: "title" },
        fornix.breakable(name),
        fornix.element("span", { class: "order", "aria-hidden": "true" }, order ? (order.desc ? " ↓" : " ↑") : "")
      ),
      inside ? fornix.element("button", {
        type: "button", tabindex: -1, class: "fold", "aria-expanded": String(open),
        "aria-label": `${open ? "Fold" : "Unfold"} the ${inside} children of ${benchmark.benchmark}`
      }, `${open ? "−" : "+"} ${inside}`) : null,
    ].filter(Boolean));
  };
  const nameOf = (model, element) => {
    const marked = chosen().includes(model.model);
    element.className = `cell name${marked ? " chosen" : ""}`;
    element.title = model.title;
    const box = fornix.element("input", {
      type: "checkbox", tabindex: -1, "aria-label": `Choose ${model.model} to compare`, on: { change: () => choose(model.model) }
    });
    box.checked = marked;
    element.replaceChildren(
      box, fornix.to(fornix.modelPage(model.model), fornix.breakable(model.model), { tabindex: -1 }),
      ...(model.control ? [fornix.element("span", { class: "tag" }, "control")] : [])
    );
  };
  const number = (model, benchmark, element) => {
    if (cellsOf(benchmark) === undefined) { element.className = "cell number waiting"; element.replaceChildren("…"); return; }
    const cell = cellAt(model, benchmark), [value, error] = fornix.measured(cell, raw()),
      range = view.colour === "one" ? [0, 1] : ends.get(benchmark.index)[raw() ? 1 : 0];
    const coloured = view.colour !== "none" && cell.ranked && fornix.is(value);
    const kind = cell.status !== "ok" ? " empty" : cell.ranked ? "" : " unranked";
    element.className = `cell number${coloured ? ` step-${fornix.step(value, range)}` : ""}${kind}`;
    element.setAttribute("aria-label", fornix.spoken(cell, raw(), tied.get(benchmark.index)));
    const rank = raw() ? "" : fornix.rank(cell), parts = fornix.shown(cell, raw());
    if (rank) parts.push(fornix.element("span", { class: "rank" }, `#${rank}`));
    if (fornix.is(value) && fornix.is(error) && range[1] > range[0]) parts.push(whisker(value, error, range));
    element.replaceChildren(...parts);
  };
  const whisker = (value, error, [low, high]) => { // one standard error each way, on the scale of the column
    const place = (at) => Math.max(0, Math.min(100, (100 * (at - low)) / (high - low)));
    const bar = fornix.element("i", { class: "whisker" });
    bar.style.left = `calc(${place(value - error)}% * 0.9 + 5%)`;
    bar.style.width = `max(2px, ${(place(value + error) - place(value - error)) * 0.9}%)`;
    return bar;
  };

  // ------------------------------------------------------------------ around the grid
  const modalities = [...new Set(benchmarks.flatMap((benchmark) => benchmark.modalities.split("; ")))].filter(Boolean).sort();
  const search = (label, name) => {
    const control = fornix.element("input", {
      type: "search", autocomplete: "off", on: { input: () => change({ [name]: control.value }) }
    });
    control.value = view[name];
    return { control, field: fornix.field(label, control) };
  };
  const findModel = search("Models", "find"), findBenchmark = search("Benchmarks", "benchmark");
  const selects = [
    ["modality", "Modality", [["", "all"], ...modalities.map((name) => [name, name])]],
    ["score", "Score", [["ceiled", "ceiled"], ["raw", "raw"]]],
    ["colour", "Colour", [["each", "each benchmark"], ["one", "0 to 1"], ["none", "none"]]],
    ["controls", "Controls", [["", "shown"], ["hide", "hidden"]]],
    ["empty", "Unscored models", [["", "shown"], ["hide", "hidden"]]],
  ].map(([name, label, options]) => ({
    name, field: fornix.choice(label, options, view[name], (value) => change({ [name]: value }))
  }));
  const foldAll = fornix.element("button", {
    type: "button", on: { click: () => change({ open: view.open === "*" ? "" : "*" }) }
  });
  const compare = fornix.element("a", { class: "button", href: "compare.html" });
  const said = fornix.element("p", { role: "status", class: "count" });
  const tell = () => {
    const [lacking] = failed.values(),
      counts = `${rows.length} of ${models.length} models, ${columns.length} of ${benchmarks.length} benchmarks`;
    said.textContent = lacking ? `${counts}. ${lacking}; scroll or sort to try again` : counts;
  };
  const panel = fornix.element("aside", { class: "panel", "aria-label": "The cell in view" });
  const place = fornix.element("div", { class: "scroller" });
  const saved = () => {
    const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = [["model", ...columns.flatMap(({ benchmark }) => [benchmark, `${benchmark} error`])]];
    const written = (each) => (fornix.is(each) ? String(each) : "");
    for (const model of rows) {
      lines.push([model.model, ...columns.flatMap((benchmark) => fornix.measured(cellAt(model, benchmark), raw()).map(written))]);
    }
    fornix.save("fornix-view.csv", `${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`, "text/csv");
  };
  const save = async () => { if (await need(columns.map((benchmark) => benchmark.group))) saved(); };
  const files = fornix.element("details", { class: "files" }, fornix.element("summary", {}, "Download"), fornix.element("ul", {},
    fornix.element("li", {}, fornix.element("button", { type: "button", on: { click: save } }, "CSV of this view")),
    site.files.map(([label, href]) => fornix.element("li", {}, fornix.to(href, label, { download: true })))));
  main.replaceChildren(
    fornix.element("h1", { class: "heard" }, "Every model on every benchmark"),
    fornix.element("details", { class: "tools", open: matchMedia("(min-width: 48rem)").matches },
      fornix.element("summary", {}, "Search, filter and colour"),
      fornix.element("form", { class: "bar", on: { submit: (event) => event.preventDefault() } },
        findModel.field, findBenchmark.field, selects.map(({ field }) => field))),
    fornix.element("div", { class: "bar under" }, said, foldAll, compare, files), place, panel);

  const look = (row, column) => {
    const model = rows[row], benchmark = columns[column];
    if (!model && !benchmark) {
      return panel.replaceChildren(fornix.element("p", {},
        "Click a benchmark to sort by it, + to see what it is made of. † is out of rankings, · skipped, ✕ failed, " +
        "↻ out of date; # is the rank, an interval where models cannot be told apart. Whiskers are one standard error."));
    }
    const heading = fornix.element("p", { class: "where" },
      model ? fornix.to(fornix.modelPage(model.model), benchmark ? model.model : model.title, { title: model.title }) : "",
      model && benchmark ? " on " : "",
      benchmark
        ? fornix.to(fornix.benchmarkPage(benchmark.benchmark),
          model ? benchmark.benchmark : benchmark.title || benchmark.benchmark, { title: benchmark.title })
        : "");
    if (model && benchmark) return panel.replaceChildren(heading, fornix.facts(fornix.about(cellAt(model, benchmark))));
    const facts = model
      ? [["model", model.model], ["authors", model.authors], ["year", model.year],
        ["parameters", fornix.count(model.parameters)], ["takes", model.modalities], ["licence", model.licence]]
      : [["benchmark", benchmark.benchmark], ["region", benchmark.region], ["species", benchmark.species],
        ["technique", benchmark.technique], ["dataset", benchmark.dataset], ["metric", benchmark.metric],
        ["ranked models", tied.get(benchmark.index)]];
    panel.replaceChildren(heading, fornix.facts(facts));
  };
  const grid = fornix.grid(place, {
    label: "Scores: a row for each model, a column for each benchmark",
    rows: () => rows.length,
    columns: () => columns.length,
    fill: (row, column, element) => {
      if (row >= 0 && column >= 0) return number(rows[row], columns[column], element);
      if (row >= 0) return nameOf(rows[row], element);
      if (column >= 0) return header(columns[column], element);
      const order = sorting().find((each) => each.id === NAMES);
      element.className = "cell name";
      element.setAttribute("aria-sort", order ? (order.desc ? "descending" : "ascending") : "none");
      element.replaceChildren(`Model${order ? (order.desc ? " ↓" : " ↑") : ""}`);
    },
    act: (row, column, event) => {
      if (row >= 0 && column < 0) {
        if (event.key === "Enter") location.href = fornix.modelPage(rows[row].model);
        else if (event.key === " ") choose(rows[row].model);
        return;
      }
      if (row >= 0) return;
      const benchmark = columns[column];
      if (benchmark && benchmark.children.length && (event.key === " " || event.target.closest(".fold"))) fold(benchmark);
      else sort(benchmark ? benchmark.benchmark : NAMES, event.shiftKey);
    },
    look,
    drawn: (seen) => need(seen.map((column) => columns[column]?.group).filter((group) => group !== undefined)),
  });

  let shows = 0;
  const show = async () => {
    const mine = ++shows;
    const sorted = sorting().map(({ id }) => byName.get(id)?.group).filter((group) => group !== undefined);
    await need([...sorted, ...(view.empty === "hide" ? columnsInView().map((benchmark) => benchmark.group) : [])]);
    if (mine !== shows) return;
    settle();
    grid.refresh();
    for (const { name, field } of selects) field.querySelector("select").value = view[name];
    for (const [name, { control }] of [["find", findModel], ["benchmark", findBenchmark]]) {
      if (control.value !== view[name]) control.value = view[name];
    }
    tell();
    foldAll.textContent = view.open === "*" ? "Fold all" : "Unfold all";
    const [a, b] = chosen();
    compare.textContent = b ? `Compare ${a} with ${b}` : a ? `Compare ${a} …` : "Compare two models";
    compare.href = `compare.html#${new URLSearchParams(Object.fromEntries([["a", a], ["b", b]].filter(([, name]) => name)))}`;
    document.body.dataset.shown = String(shows);
  };
  addEventListener("hashchange", () => { reading(); show(); });
  look(-1, -1);
  await show();
});
