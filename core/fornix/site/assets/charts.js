/* Drawings in SVG, by D3: intervals on a common scale within tables, and scatter plots. Every one stands beside a table that says
   the same, so to a screen reader it is one picture with a sentence. */
"use strict";
{
  const svg = (width, height, label) =>
    d3
      .create("svg")
      .attr("viewBox", `0 0 ${width} ${height}`)
      .attr("width", width)
      .attr("height", height)
      .attr("role", label ? "img" : null)
      .attr("aria-label", label || null)
      .attr("aria-hidden", label ? null : "true");

  /* How wide a plot is drawn: on a narrow screen half as wide, as its text shrinks with it. */
  const plotted = () => (matchMedia("(max-width: 48rem)").matches ? 360 : 720);

  /* The scale that all these cells share: from the lowest to the highest end of their intervals, with 0 in it where that
     is near. */
  fornix.extent = (cells) => {
    const ends = cells.flatMap((cell) => [cell.value, cell.interval_low, cell.interval_high]).filter(fornix.is);
    let [low, high] = ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
    if (low > 0 && low < 0.6 * high) low = 0;
    if (high < 0 && high > 0.6 * low) high = 0;
    return high > low ? [low, high] : [low - 0.5, high + 0.5];
  };
  const WIDTH = 216,
    HEIGHT = 18;
  const across = (range) =>
    d3
      .scaleLinear()
      .domain(range)
      .range([14, WIDTH - 14])
      .clamp(true);

  /* The head of a column of intervals: its axis. */
  fornix.axis = (range) => {
    const drawn = svg(WIDTH, 20);
    drawn
      .append("g")
      .attr("transform", "translate(0,19)")
      .call(d3.axisTop(across(range)).ticks(4).tickSize(3))
      .attr("font-size", null)
      .attr("font-family", null);
    return drawn.attr("class", "strip").node();
  };

  /* Intervals of 95 % (`low` to `high`) with their values, one for each mark, on the scale of the column. */
  fornix.strip = (range, marks, field = null) => {
    const x = across(range),
      drawn = svg(WIDTH, HEIGHT).attr("class", "strip");
    if (range[0] < 0 && range[1] > 0)
      drawn.append("line").attr("class", "zero").attr("x1", x(0)).attr("x2", x(0)).attr("y2", HEIGHT);
    if (field !== null)
      drawn
        .append("line")
        .attr("class", "span")
        .attr("x1", x(field[0]))
        .attr("x2", x(field[1]))
        .attr("y1", HEIGHT / 2)
        .attr("y2", HEIGHT / 2);
    marks.forEach(({ value, low, high, kind }, at) => {
      if (!fornix.is(value)) return;
      const y = (HEIGHT * (at + 1)) / (marks.length + 1);
      if (fornix.is(low) && fornix.is(high))
        drawn
          .append("line")
          .attr("class", `interval ${kind ?? ""}`)
          .attr("x1", x(low))
          .attr("x2", x(high))
          .attr("y1", y)
          .attr("y2", y);
      drawn
        .append("circle")
        .attr("class", `mark ${kind ?? ""}`)
        .attr("cx", x(value))
        .attr("cy", y)
        .attr("r", 3.6);
    });
    return drawn.node();
  };

  /* A scatter plot. `points`: {x, y, x_error, y_error, name, href, kind}; `axes`: two of {label, log}. */
  fornix.scatter = (points, axes, label) => {
    const width = plotted(),
      height = (width + 240) / 2,
      margin = { left: 64, right: 34, top: 16, bottom: 52 };
    const scale = (name, { log }, range) => {
      const ends = points.flatMap((point) => [
        point[name] - (log ? 0 : (point[`${name}_error`] ?? 0)),
        point[name] + (point[`${name}_error`] ?? 0),
      ]);
      return (log ? d3.scaleLog() : d3.scaleLinear())
        .domain(points.length ? [Math.min(...ends), Math.max(...ends)] : [log ? 1 : 0, 1 + (log ? 9 : 0)])
        .nice()
        .range(range);
    };
    const x = scale("x", axes[0], [margin.left, width - margin.right]),
      y = scale("y", axes[1], [height - margin.bottom, margin.top]);
    const drawn = svg(width, height, label).attr("class", "plot").attr("width", null).attr("height", null);
    const axis = (made, at) =>
      drawn.append("g").attr("class", "axis").attr("transform", at).call(made).attr("font-size", null).attr("font-family", null);
    const bottom = d3.axisBottom(x),
      left = d3.axisLeft(y);
    if (axes[0].log) bottom.ticks(width / 144, "~s");
    else bottom.ticks(width / 120);
    if (axes[1].log) left.ticks(width / 144, "~s");
    else left.ticks(6);
    axis(bottom, `translate(0,${height - margin.bottom})`);
    axis(left, `translate(${margin.left},0)`);
    drawn
      .append("text")
      .attr("class", "label")
      .attr("x", (margin.left + width) / 2)
      .attr("y", height - 10)
      .attr("text-anchor", "middle")
      .text(axes[0].label);
    drawn
      .append("text")
      .attr("class", "label")
      .attr("transform", `translate(16,${(height - margin.bottom) / 2}) rotate(-90)`)
      .attr("text-anchor", "middle")
      .text(axes[1].label);
    for (const point of points) {
      const group = drawn.append("g").attr("class", `point ${point.kind ?? ""}`);
      const error = (name, to) =>
        fornix.is(point[`${name}_error`]) &&
        group
          .append("line")
          .attr("class", "bar")
          .attr("x1", to(-1)[0])
          .attr("y1", to(-1)[1])
          .attr("x2", to(1)[0])
          .attr("y2", to(1)[1]);
      error("x", (sign) => [x(point.x + sign * point.x_error), y(point.y)]);
      error("y", (sign) => [x(point.x), y(point.y + sign * point.y_error)]);
      group.append("circle").attr("cx", x(point.x)).attr("cy", y(point.y)).attr("r", 5);
      group
        .append("title")
        .text(`${point.name}: ${axes[0].label} ${fornix.number(point.x)}, ${axes[1].label} ${fornix.number(point.y)}`);
    }
    return drawn.node();
  };

  /* The scores of a model's layers, in the order of its forward pass. `points`: {place, value, interval_low,
     interval_high, selected}. */
  fornix.profile = (points, label) => {
    const width = plotted(),
      height = 260,
      margin = { left: 56, right: 16, top: 14, bottom: 44 };
    const x = d3
      .scaleLinear()
      .domain([-0.5, d3.max(points, (point) => point.place) + 0.5])
      .range([margin.left, width - margin.right]);
    const y = d3
      .scaleLinear()
      .domain(fornix.extent(points))
      .nice()
      .range([height - margin.bottom, margin.top]);
    const drawn = svg(width, height, label).attr("class", "plot").attr("width", null).attr("height", null);
    drawn
      .append("g")
      .attr("class", "axis")
      .attr("transform", `translate(0,${height - margin.bottom})`)
      .call(
        d3
          .axisBottom(x)
          .ticks(Math.min(points.length, width / 60))
          .tickFormat((at) => (Number.isInteger(at) ? at + 1 : "")),
      )
      .attr("font-size", null)
      .attr("font-family", null);
    drawn
      .append("g")
      .attr("class", "axis")
      .attr("transform", `translate(${margin.left},0)`)
      .call(d3.axisLeft(y).ticks(5))
      .attr("font-size", null)
      .attr("font-family", null);
    drawn
      .append("text")
      .attr("class", "label")
      .attr("x", (margin.left + width) / 2)
      .attr("y", height - 8)
      .attr("text-anchor", "middle")
      .text("layer, from input to output");
    drawn
      .append("path")
      .attr("class", "path")
      .attr(
        "d",
        d3.line(
          (point) => x(point.place),
          (point) => y(point.value),
        )(points),
      );
    for (const point of points) {
      const group = drawn.append("g").attr("class", `point${point.selected ? " selected" : ""}`);
      if (fornix.is(point.interval_low))
        group
          .append("line")
          .attr("class", "bar")
          .attr("x1", x(point.place))
          .attr("x2", x(point.place))
          .attr("y1", y(point.interval_low))
          .attr("y2", y(point.interval_high));
      if (point.selected)
        group.append("circle").attr("class", "ring").attr("cx", x(point.place)).attr("cy", y(point.value)).attr("r", 9);
      group.append("circle").attr("cx", x(point.place)).attr("cy", y(point.value)).attr("r", 4);
      group.append("title").text(`${point.layer}: ${fornix.number(point.value)}`);
    }
    return drawn.node();
  };

  /* Pearson's correlation of two arrays of numbers; null where it has none. */
  fornix.pearson = (a, b) => {
    const meanA = d3.mean(a),
      meanB = d3.mean(b);
    const product = d3.sum(a, (each, at) => (each - meanA) * (b[at] - meanB)),
      size = Math.sqrt(d3.sum(a, (each) => (each - meanA) ** 2) * d3.sum(b, (each) => (each - meanB) ** 2));
    return a.length > 2 && size > 0 ? product / size : null;
  };
  /* Ranks from 1, ties sharing the mean of theirs (Spearman's correlation is Pearson's of these). */
  fornix.ranks = (numbers) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    return numbers.map((each) => (d3.bisectLeft(sorted, each) + d3.bisectRight(sorted, each) + 1) / 2);
  };
}
