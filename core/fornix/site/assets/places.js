/* What a place of the matrix's grid shows: the head of a benchmark, the name of a model, a score. Places are filled again with
   other models and benchmarks in every frame of scrolling, so a score is two texts, and the whiskers of a row are one drawing. */
"use strict";
fornix.places = (view, scores) => {
  const WIDE = 12; // letters of a number and its error that a column has room for

  const model = (element) => {
    const order = view.order(view.NAMES);
    element.className = "cell name";
    element.setAttribute("aria-sort", order ?? "none");
    element.replaceChildren(`Model${arrow(order)}`);
  };
  const arrow = (order) => (order ? (order === "descending" ? " ↓" : " ↑") : "");
  const head = (benchmark, element) => {
    const order = view.order(benchmark.benchmark),
      { length } = view.children(benchmark),
      open = view.unfolded(benchmark);
    element.setAttribute("aria-sort", order ?? "none");
    element.setAttribute("aria-label", benchmark.benchmark);
    if (length) element.setAttribute("aria-expanded", String(open));
    else element.removeAttribute("aria-expanded");
    element.className = `cell column depth-${Math.min(view.depth(benchmark), 3)}${order ? " sorted" : ""}`;
    element.title = benchmark.title;
    const within = benchmark.parent && benchmark.benchmark.startsWith(benchmark.parent);
    const own = (of) => `…${of.benchmark.slice(of.parent.length).replace(/^[.\-_]+/, "")}`;
    const name = within ? own(benchmark) : benchmark.benchmark;
    const kind = [benchmark.region, benchmark.species].filter(Boolean).join(", ") || benchmark.modalities;
    const title = fornix.element("span", { class: "title" }, fornix.breakable(name), arrow(order));
    const fold = () =>
      fornix.element(
        "button",
        {
          type: "button",
          tabindex: -1,
          class: "fold",
          "aria-expanded": String(open),
          "aria-label": `${open ? "Fold" : "Unfold"} the ${length} children of ${benchmark.benchmark}`,
        },
        `${open ? "−" : "+"} ${length}`,
      );
    element.replaceChildren(fornix.element("span", { class: "kind" }, kind), title, ...(length ? [fold()] : []));
  };

  const name = (of, element) => {
    const marked = view.chosen().includes(of.model);
    element.className = `cell name${marked ? " chosen" : ""}${of.control ? " control" : ""}`;
    element.title = of.title;
    element.setAttribute("aria-label", `${of.model}${of.control ? ", a control" : ""}${marked ? ", chosen to compare" : ""}`);
    if (element.firstChild === null)
      element.append(fornix.element("input", { type: "checkbox", tabindex: -1 }), fornix.element("a", { tabindex: -1 }));
    const [box, link] = element.children;
    box.checked = marked;
    box.setAttribute("aria-label", `Choose ${of.model} to compare`);
    link.href = fornix.modelPage(of.model);
    link.replaceChildren(...fornix.breakable(of.model));
  };

  const write = (element, strong, rest) => {
    if (element.firstChild === null) element.append(fornix.element("b", {}, " "), " ");
    element.firstChild.firstChild.data = strong;
    element.lastChild.data = rest;
  };
  const score = (of, benchmark, element) => {
    if (!scores.here(benchmark)) {
      element.className = "cell number waiting";
      element.removeAttribute("aria-label");
      return write(element, "…", "");
    }
    const cell = scores.cell(of, benchmark),
      raw = view.raw(),
      [value, error] = fornix.measured(cell, raw),
      rank = raw ? "" : fornix.rank(cell),
      [strong, beside] = fornix.shown(cell, raw),
      range = one() ? [0, 1] : scores.range(benchmark, raw);
    const kinds = ["cell number"];
    if (cell.status !== "ok") kinds.push("empty");
    else if (!cell.ranked) kinds.push("unranked");
    else if (fornix.is(value) && view.of("colour") !== "none") kinds.push(`step-${fornix.step(value, range)}`);
    if (strong.length + beside.length > WIDE) kinds.push("long");
    element.className = kinds.join(" ");
    element.setAttribute("aria-label", fornix.spoken(cell, raw, scores.ranked(benchmark)));
    return write(element, strong, `${beside ? ` ${beside}` : ""}${rank ? `\n#${rank}` : ""}`);
  };
  const one = () => view.of("colour") === "one";
  /* One standard error each way, on a scale that all ranked ones of the column fit on, or from 0 to 1, at whose ends they are
     cut; none of a score beyond it. Those of a row are one line, broken between them. */
  const whiskers = (of, columns, line) => {
    const parts = columns.map(({ benchmark, start, size }) => {
      const [value, error] = fornix.measured(scores.cell(of, benchmark), view.raw());
      if (!fornix.is(value) || !fornix.is(error)) return "";
      const [low, high] = one() ? [0, 1] : scores.reach(benchmark, view.raw());
      if (value < low || value > high) return "";
      const place = (at) => start + size * (0.05 + 0.9 * Math.max(0, Math.min(1, (at - low) / (high - low)))),
        from = place(value - error);
      return high > low ? `M${from.toFixed(1)} 2h${Math.max(2, place(value + error) - from).toFixed(1)}` : "";
    });
    line.firstChild.setAttribute("d", parts.join(""));
  };
  const drawn = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const line = () => {
    const element = drawn("svg");
    element.setAttribute("class", "whiskers");
    element.setAttribute("aria-hidden", "true");
    element.append(drawn("path"));
    return element;
  };
  return { model, head, name, score, line, whiskers };
};
