/* A table that draws only what is in view, both ways (TanStack Virtual says what that is), for eyes, keyboards and screen
   readers: an ARIA grid whose rows and columns are numbered as in the whole table, with one tab stop that the arrow keys move.
   A row that scrolls out of view becomes one that scrolls into it, and a cell of a row too, so that a frame makes no elements but
   what is in heads, and lays out little. */
"use strict";
{
  const { Virtualizer, elementScroll, observeElementOffset, observeElementRect, defaultRangeExtractor } = VirtualCore;

  /* The grid in `place`. `given`: label, describedby, rows(), columns() (how many there are), fill(row, column, element) (row
     -1: the header; column -1: names; an element may have been filled before, with another row or column (a head stays a head,
     a name a name)), act(row, column, event) (click, Enter, Space, a box that changed), look(row, column) (focus, pointer),
     drawn(columns in view, whether it is still scrolling); under() makes what lies below the cells of a row, and rule(row, [{
     index, start, size }, ...], element) draws it for the columns in view. */
  fornix.grid = (place, given) => {
    const styles = getComputedStyle(place),
      size = (name) => parseFloat(styles.getPropertyValue(name));
    const body = fornix.element("div", {
      role: "grid",
      "aria-label": given.label,
      "aria-describedby": given.describedby,
      class: "grid",
    });
    const lines = new Map(); // row -> { row, element, cells: Map(column -> element), spare: cells out of view, under }
    const places = new WeakMap(); // element of a cell -> { line, column, margin }
    let focus = [-1, -1],
      stop = null; // the cell that the tabulator stops at
    place.append(body);

    const holding = (at) => (range) => {
      // what has the focus stays, else it would be lost
      const seen = defaultRangeExtractor(range),
        held = focus[at];
      return held >= 0 && held < range.count && !seen.includes(held) ? [...seen, held].sort((a, b) => a - b) : seen;
    };
    const virtual = (horizontal, count, item, before, at) =>
      new Virtualizer({
        count: count(),
        horizontal,
        getScrollElement: () => place,
        estimateSize: () => size(item),
        overscan: horizontal ? 2 : 6,
        paddingStart: size(before),
        scrollPaddingStart: size(before),
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        onChange: ({ isScrolling }) => draw(isScrolling),
        rangeExtractor: holding(at),
      });
    const rows = virtual(false, given.rows, "--row", "--head", 0);
    const columns = virtual(true, given.columns, "--column", "--name", 1);

    const blank = (line, column) => {
      const role = line.row < 0 ? "columnheader" : column < 0 ? "rowheader" : "gridcell";
      const element = fornix.element("div", { role, tabindex: -1, class: "cell" });
      places.set(element, { line, column, margin: 0 });
      return element;
    };
    const cell = (line, column) => {
      const element = line.spare.pop() ?? blank(line, column);
      places.get(element).column = column;
      element.setAttribute("aria-colindex", column + 2);
      given.fill(line.row, column, element);
      return element;
    };
    const made = (row) => {
      const element = fornix.element("div", { role: "row", class: row < 0 ? "line head" : "line" });
      element.setAttribute("aria-rowindex", row + 2);
      const under = row < 0 ? null : given.under();
      if (under !== null) element.append(under);
      body.append(element);
      return { row, element, under, cells: new Map(), spare: [], ruled: false };
    };
    /* The cells of a line that are in view, in the order of the columns: each where the last one ended, or behind a margin. */
    const across = (line, inView) => {
      const { element: row, cells } = line;
      for (const [column, element] of cells)
        if (!inView.has(column)) {
          line.spare.push(element);
          cells.delete(column);
          line.ruled = false;
        }
      let last = null,
        end = 0;
      for (const [column, { start, size: wide }] of inView) {
        let element = cells.get(column);
        if (element === undefined) {
          element = cell(line, column);
          cells.set(column, element);
          line.ruled = false;
          if (last === null) row.prepend(element);
          else last.after(element);
        }
        const at = places.get(element);
        if (at.margin !== start - end) {
          at.margin = start - end;
          element.style.marginLeft = `${at.margin}px`;
        }
        end = start + wide;
        last = element;
      }
      for (const element of line.spare) element.remove();
      if (line.under !== null && !line.ruled) given.rule(line.row, columns.getVirtualItems(), line.under);
      line.ruled = true;
    };
    /* For those who read the page as text: rows in their order, around the one with the focus, which would lose it if moved. */
    const order = () => {
      const sorted = [...lines.values()].sort((a, b) => a.row - b.row).map(({ element }) => element),
        pivot = sorted.findIndex((element) => element.contains(document.activeElement));
      if (sorted.every((element, at) => body.children[at] === element)) return;
      sorted.forEach((element, at) => {
        if (at < pivot) body.insertBefore(element, sorted[pivot]);
        else if (at > pivot) body.append(element);
      });
    };
    const draw = (scrolling = false) => {
      const inView = new Map([[-1, { start: 0, size: columns.options.paddingStart }]]);
      for (const item of columns.getVirtualItems()) inView.set(item.index, item);
      const shown = new Map([[-1, 0]]);
      for (const item of rows.getVirtualItems()) shown.set(item.index, item.start);
      const held = place.contains(document.activeElement),
        left = [...lines.values()].filter(({ row }) => !shown.has(row));
      for (const [row, top] of shown) {
        let line = lines.get(row);
        if (line === undefined) {
          line = row < 0 ? made(row) : (left.pop() ?? made(row));
          lines.delete(line.row);
          lines.set(row, line);
          if (line.row !== row) {
            line.row = row;
            line.ruled = false;
            line.element.setAttribute("aria-rowindex", row + 2);
            for (const [column, element] of line.cells) if (inView.has(column)) given.fill(row, column, element);
          }
          if (row >= 0) line.element.style.top = `${top}px`;
        }
      }
      if (!scrolling)
        for (const { row, element } of left) {
          element.remove();
          lines.delete(row);
        }
      for (const line of lines.values()) across(line, inView);
      if (!scrolling) order();
      if (held && !place.contains(document.activeElement)) at()?.focus({ preventScroll: true });
      mark();
      given.drawn?.(
        [...inView.keys()].filter((column) => column >= 0),
        scrolling,
      );
    };
    const at = () => lines.get(focus[0])?.cells.get(focus[1]);
    const mark = () => {
      const here = at() ?? null;
      if (stop === here) return;
      if (stop !== null) stop.tabIndex = -1;
      if (here !== null) here.tabIndex = 0;
      stop = here;
    };

    const resize = () => {
      body.style.width = `${columns.getTotalSize()}px`;
      body.style.height = `${rows.getTotalSize()}px`;
      body.setAttribute("aria-rowcount", given.rows() + 1);
      body.setAttribute("aria-colcount", given.columns() + 1);
    };
    /* Draw everything again: other rows, other columns, or other numbers in them. */
    const refresh = () => {
      const held = place.contains(document.activeElement);
      focus = [Math.min(focus[0], given.rows() - 1), Math.min(focus[1], given.columns() - 1)];
      for (const [each, count] of [
        [rows, given.rows()],
        [columns, given.columns()],
      ]) {
        each.setOptions({ ...each.options, count });
        each._willUpdate();
      }
      body.replaceChildren();
      lines.clear();
      resize();
      draw();
      if (held) at()?.focus({ preventScroll: true });
    };
    const move = (row, column) => {
      focus = [Math.max(-1, Math.min(row, given.rows() - 1)), Math.max(-1, Math.min(column, given.columns() - 1))];
      // another focus, another range
      [rows, columns].forEach((each, which) => each.setOptions({ ...each.options, rangeExtractor: holding(which) }));
      if (focus[0] >= 0) rows.scrollToIndex(focus[0], { align: "auto" });
      if (focus[1] >= 0) columns.scrollToIndex(focus[1], { align: "auto" });
      draw();
      at()?.focus({ preventScroll: true });
    };
    const of = (event) => {
      const found = places.get(event.target.closest(".cell"));
      return found ? [found.line.row, found.column] : null;
    };

    body.addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.floor((place.clientHeight - size("--head")) / size("--row")) - 1),
        [row, column] = focus;
      const steps = {
        ArrowUp: [row - 1, column],
        ArrowDown: [row + 1, column],
        ArrowLeft: [row, column - 1],
        ArrowRight: [row, column + 1],
        PageUp: [Math.max(row - page, row < 0 ? -1 : 0), column],
        PageDown: [row + page, column],
        Home: [event.ctrlKey ? -1 : row, -1],
        End: [event.ctrlKey ? given.rows() : row, given.columns()],
      };
      if (event.key in steps && !event.altKey && !event.metaKey) {
        event.preventDefault();
        move(...steps[event.key]);
      } else if ((event.key === "Enter" || event.key === " ") && of(event)) {
        event.preventDefault();
        given.act(...focus, event);
      }
    });
    body.addEventListener("click", (event) => {
      const where = of(event);
      if (where === null || event.target.closest("a, input")) return;
      move(...where);
      given.act(...where, event);
    });
    body.addEventListener("change", (event) => given.act(...of(event), event));
    body.addEventListener("focusin", (event) => {
      const where = of(event);
      if (where !== null) {
        focus = where;
        mark();
        given.look(...where);
      }
    });
    body.addEventListener("pointerover", (event) => {
      const where = of(event);
      if (where !== null && event.pointerType === "mouse") given.look(...where);
    });

    for (const each of [rows, columns]) {
      each._didMount();
      each._willUpdate();
    }
    resize();
    draw();
    new ResizeObserver(() => {
      // another width of the window may mean other sizes of cells
      let other = false;
      for (const [each, name] of [
        [rows, "--head"],
        [columns, "--name"],
      ]) {
        const before = size(name);
        if (each.options.paddingStart === before) continue;
        each.setOptions({ ...each.options, paddingStart: before, scrollPaddingStart: before });
        each.measure();
        other = true;
      }
      if (other) refresh();
    }).observe(place);
    /* Fill again what is drawn of some columns, whose scores have come. */
    const repaint = (which) => {
      for (const { row, cells, under } of lines.values()) {
        for (const [column, element] of cells) if (which(column)) given.fill(row, column, element);
        if (under !== null) given.rule(row, columns.getVirtualItems(), under);
      }
    };
    return { refresh, repaint };
  };
}
