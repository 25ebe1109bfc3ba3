/* A table that draws only what is in view, both ways (TanStack Virtual says what that is), for eyes, keyboards and screen
   readers: an ARIA grid whose rows and columns are numbered as in the whole table, with one tab stop that the arrow keys move. */
"use strict";
{
  const { Virtualizer, elementScroll, observeElementOffset, observeElementRect, defaultRangeExtractor } = VirtualCore;

  /* The grid in `place`. `given`: label, rows(), columns() (how many there are), fill(row, column, element) (row -1: the header;
     column -1: names), act(row, column, event) (click, Enter, Space), look(row, column) (focus, pointer). */
  fornix.grid = (place, given) => {
    const styles = getComputedStyle(place),
      size = (name) => parseFloat(styles.getPropertyValue(name));
    const body = fornix.element("div", { role: "grid", "aria-label": given.label, class: "grid" });
    const lines = new Map(); // row -> { element, cells: Map(column -> element) }
    let focus = [-1, -1],
      kept = false;
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
        estimateSize: () => item(),
        overscan: horizontal ? 2 : 6,
        paddingStart: before(),
        scrollPaddingStart: before(),
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        onChange: () => draw(),
        rangeExtractor: holding(at),
      });
    const rows = virtual(
      false,
      given.rows,
      () => size("--row"),
      () => size("--head"),
      0,
    );
    const columns = virtual(
      true,
      given.columns,
      () => size("--column"),
      () => size("--name"),
      1,
    );

    const cell = (row, column) => {
      const role = row < 0 ? "columnheader" : column < 0 ? "rowheader" : "gridcell";
      return fornix.element("div", {
        role,
        "aria-colindex": column + 2,
        tabindex: row === focus[0] && column === focus[1] ? 0 : -1,
        class: "cell",
        of: { row, column },
      });
    };
    const line = (row, top, inView, fresh) => {
      let held = lines.get(row);
      if (held === undefined) {
        held = {
          element: fornix.element("div", { role: "row", "aria-rowindex": row + 2, class: row < 0 ? "line head" : "line" }),
          cells: new Map(),
        };
        lines.set(row, held);
        body.append(held.element);
      }
      if (row >= 0) held.element.style.top = `${top}px`;
      for (const [column, element] of held.cells)
        if (!inView.has(column)) {
          element.remove();
          held.cells.delete(column);
        }
      let last = null; // in the order of the columns, for those who read the page as text
      for (const [column, left] of inView) {
        let element = held.cells.get(column);
        if (element === undefined) {
          element = cell(row, column);
          if (column >= 0) element.style.left = `${left}px`;
          held.cells.set(column, element);
          given.fill(row, column, element);
          if (last === null) held.element.prepend(element);
          else last.after(element);
        } else if (fresh) given.fill(row, column, element);
        last = element;
      }
    };
    const draw = (fresh = false) => {
      const inView = new Map([[-1, 0], ...columns.getVirtualItems().map((item) => [item.index, item.start])]);
      const shown = new Map([[-1, 0], ...rows.getVirtualItems().map((item) => [item.index, item.start])]);
      const held = place.contains(document.activeElement);
      for (const [row, { element }] of lines)
        if (!shown.has(row)) {
          element.remove();
          lines.delete(row);
        }
      for (const [row, top] of shown) line(row, top, inView, fresh);
      if (held && !place.contains(document.activeElement)) at()?.focus({ preventScroll: true });
      given.drawn?.([...inView.keys()].filter((column) => column >= 0));
    };
    const at = () => lines.get(focus[0])?.cells.get(focus[1]);

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
      lines.forEach(({ element, cells }, row) => {
        if (row >= 0) {
          element.remove();
          lines.delete(row);
        } else
          cells.forEach((each, column) => {
            if (column >= 0) {
              each.remove();
              cells.delete(column);
            }
          });
      });
      resize();
      draw(true);
      mark();
      if (held) at()?.focus({ preventScroll: true });
    };
    const mark = () => {
      for (const { cells } of lines.values()) for (const element of cells.values()) element.tabIndex = -1;
      const here = at();
      if (here) here.tabIndex = 0;
    };
    const move = (row, column) => {
      focus = [Math.max(-1, Math.min(row, given.rows() - 1)), Math.max(-1, Math.min(column, given.columns() - 1))];
      // another focus, another range
      [rows, columns].forEach((each, which) => each.setOptions({ ...each.options, rangeExtractor: holding(which) }));
      if (focus[0] >= 0) rows.scrollToIndex(focus[0], { align: "auto" });
      if (focus[1] >= 0) columns.scrollToIndex(focus[1], { align: "auto" });
      draw();
      mark();
      at()?.focus({ preventScroll: true });
    };
    const of = (event) => {
      const element = event.target.closest(".cell");
      return element && body.contains(element) ? [Number(element.dataset.row), Number(element.dataset.column)] : null;
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
      for (const [each, before] of [
        [rows, size("--head")],
        [columns, size("--name")],
      ]) {
        if (each.options.paddingStart !== before) {
          each.setOptions({ ...each.options, paddingStart: before, scrollPaddingStart: before });
          each.measure();
          kept = true;
        }
      }
      if (kept) {
        kept = false;
        refresh();
      }
    }).observe(place);
    /* Fill again what is drawn of some columns, whose scores have come. */
    const repaint = (which) =>
      lines.forEach(({ cells }, row) =>
        cells.forEach((element, column) => {
          if (which(column)) given.fill(row, column, element);
        }),
      );
    return { refresh, move, repaint };
  };
}
