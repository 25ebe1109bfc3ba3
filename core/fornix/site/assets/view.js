/* The view of the matrix, as the fragment has it: which models and benchmarks, in which order (TanStack Table sorts and filters),
   and what of the tree is unfolded. */
"use strict";
{
  const { createTable, getCoreRowModel, getFilteredRowModel, getSortedRowModel } = TableCore;
  const NAMES = "*"; // the column of models, which no benchmark can be called
  const MOST = 20; // words of a search; a link may hold any number

  const words = (text) => [...new Set(text.toLowerCase().split(/\s+/).filter(Boolean))].slice(0, MOST);
  const has = (texts, wanted) => {
    const all = texts.join(" ").toLowerCase();
    return wanted.every((word) => all.includes(word));
  };

  /* The view of a site. `models` and `benchmarks` have an `index`; `changed()` is called when the reader changed it. */
  fornix.view = (site, models, benchmarks, scores, changed) => {
    const ordered = site.order.map((number) => benchmarks[number]),
      named = new Map(benchmarks.map((benchmark) => [benchmark.benchmark, benchmark])),
      inside = new Map(benchmarks.map(({ benchmark }) => [benchmark, []]));
    for (const benchmark of benchmarks) inside.get(benchmark.parent)?.push(benchmark);
    const modalities = [...new Set(benchmarks.flatMap((benchmark) => benchmark.modalities.split("; ")))].filter(Boolean).sort();
    const choices = {
      modality: ["", ...modalities],
      score: ["ceiled", "raw"],
      colour: ["each", "one", "none"],
      controls: ["", "hide"],
      empty: ["", "hide"],
    };
    const START = {
      sort: ordered.length ? `${ordered[0].benchmark}:desc` : `${NAMES}:asc`,
      find: "",
      benchmark: "",
      open: "",
      models: "",
      ...Object.fromEntries(Object.entries(choices).map(([name, [first]]) => [name, first])),
    };
    let now = START;
    const read = () => {
      const said = fornix.state.read();
      const meant = (name) => said.has(name) && (choices[name]?.includes(said.get(name)) ?? true);
      now = Object.fromEntries(Object.entries(START).map(([name, start]) => [name, meant(name) ? said.get(name) : start]));
    };
    const change = (changes) => {
      now = { ...now, ...changes };
      fornix.state.write(Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== START[name])));
      return changed();
    };

    const raw = () => now.score === "raw";
    const opened = () => new Set(now.open === "*" ? named.keys() : now.open.split(",").filter(Boolean));
    const chosen = () => now.models.split(",").filter((name) => models.some((model) => model.model === name));
    const sorting = () =>
      now.sort
        .split(",")
        .filter(Boolean)
        .map((part) => {
          const cut = part.lastIndexOf(":");
          return { id: part.slice(0, cut), desc: part.slice(cut + 1) === "desc" };
        })
        .filter(({ id }) => id === NAMES || named.has(id));

    const columns = () => {
      const open = opened(),
        wanted = words(now.benchmark);
      const unfolded = ({ parent }) => !parent || (open.has(parent) && unfolded(named.get(parent)));
      const found = ({ benchmark, title, region, species, technique, dataset, metric }) =>
        has([benchmark, title, region, species, technique, dataset, metric], wanted);
      return ordered.filter(
        (benchmark) =>
          (wanted.length ? found(benchmark) : unfolded(benchmark)) &&
          (!now.modality || benchmark.modalities.split("; ").includes(now.modality)),
      );
    };
    const table = createTable({
      data: models,
      columns: [
        { id: NAMES, accessorFn: (model) => model.model, sortingFn: "alphanumeric", sortDescFirst: false },
        ...benchmarks.map((benchmark) => ({
          id: benchmark.benchmark,
          sortingFn: "basic",
          sortUndefined: "last",
          sortDescFirst: true,
          enableGlobalFilter: false,
          accessorFn: (model) => {
            const cell = scores.cell(model, benchmark);
            return cell.ranked ? (fornix.measured(cell, raw())[0] ?? undefined) : undefined;
          },
        })),
      ],
      globalFilterFn: (row, _, filter) => filter(row.original),
      getColumnCanGlobalFilter: (column) => column.id === NAMES,
      state: {},
      onStateChange: () => {},
      renderFallbackValue: null,
      getCoreRowModel: getCoreRowModel(),
      getFilteredRowModel: getFilteredRowModel(),
      getSortedRowModel: getSortedRowModel(),
    });
    /* The models in view, of which some may be left out because none of these benchmarks has a score of theirs. */
    const rows = (shown) => {
      const wanted = words(now.find);
      const keep = (model) =>
        has([model.model, model.title, model.authors], wanted) &&
        !(now.controls === "hide" && model.control) &&
        (!now.modality || model.modalities.split("; ").includes(now.modality)) &&
        !(now.empty === "hide" && !shown.some((benchmark) => scores.cell(model, benchmark).status === "ok"));
      table.setOptions((options) => ({
        ...options,
        data: models.slice(), // so that the scores are read again
        state: { ...table.initialState, sorting: sorting(), globalFilter: keep },
      }));
      return table.getRowModel().rows.map((row) => row.original);
    };
    read();
    return {
      NAMES,
      modalities,
      read,
      change,
      raw,
      chosen,
      columns,
      rows,
      of: (name) => now[name],
      children: (benchmark) => inside.get(benchmark.benchmark),
      depth: (benchmark) => {
        let depth = 0;
        for (let each = benchmark; each.parent; each = named.get(each.parent)) depth += 1;
        return depth;
      },
      unfolded: (benchmark) => opened().has(benchmark.benchmark),
      /* "ascending", "descending" or null, of a benchmark or of the models' names. */
      order: (name) => {
        const held = sorting().find(({ id }) => id === name);
        return held ? (held.desc ? "descending" : "ascending") : null;
      },
      /* The groups of cells without which the rows have no order, or cannot be chosen. */
      wanted: () => {
        const sorted = sorting().flatMap(({ id }) => named.get(id) ?? []);
        return [...sorted, ...(now.empty === "hide" ? columns() : [])].map((benchmark) => benchmark.group);
      },
      fold: (benchmark) => {
        const open = opened();
        if (!open.delete(benchmark.benchmark)) open.add(benchmark.benchmark);
        return change({ open: [...open].join(",") });
      },
      /* Sort by it, the other way round, or no longer; `more`: within what it is sorted by already. */
      sort: (id, more) => {
        const before = sorting(),
          held = before.find((each) => each.id === id),
          first = id !== NAMES;
        const next = held === undefined ? { id, desc: first } : held.desc === first ? { id, desc: !first } : null;
        const all = [...(more ? before.filter((each) => each.id !== id) : []), ...(next ? [next] : [])];
        return change({ sort: all.map((each) => `${each.id}:${each.desc ? "desc" : "asc"}`).join(",") || `${NAMES}:asc` });
      },
      choose: (name) => {
        const before = chosen(),
          next = before.includes(name) ? before.filter((each) => each !== name) : [...before, name].slice(-2);
        return change({ models: next.join(",") });
      },
    };
  };
}
