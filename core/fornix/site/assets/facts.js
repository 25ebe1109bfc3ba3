/* What pages of models and benchmarks both tell of a card: sources, training, options, citation. */
"use strict";
{
  const several = (values) => (values && values.length ? values.join(", ") : "");
  const list = (items) =>
    items.length
      ? fornix.element(
          "ul",
          { class: "plain" },
          items.map((item) => fornix.element("li", {}, item)),
        )
      : "";

  const size = (bytes) =>
    bytes > 1e9
      ? `${(bytes / 1e9).toFixed(1)} GB`
      : bytes > 1e6
        ? `${(bytes / 1e6).toFixed(1)} MB`
        : bytes
          ? `${Math.max(1, Math.round(bytes / 1e3))} kB`
          : "";
  const file = ({ name, url, bytes, sha256, git_blob }) => [
    fornix.outward(url, name),
    ` ${size(bytes)} `,
    fornix.element("code", { class: "hash" }, sha256 ? `sha256 ${sha256}` : git_blob ? `git blob ${git_blob}` : ""),
  ];

  /* Terms that cards of every kind have. */
  fornix.origin = (card) => [
    ["identifier", fornix.element("code", {}, card.identifier)],
    ["version", card.version],
    ["authors", several(card.authors)],
    ["year", card.year],
    ["licence", [card.licence, card.licence_note].filter(Boolean).join(": ")],
    ["address", card.url ? fornix.outward(card.url) : ""],
    ["note", card.note],
    ["visibility", card.visibility === "private" ? "private" : ""],
    ["superseded by", card.superseded_by],
    ["files", list((card.files ?? []).map(file))],
  ];
  fornix.several = several;
  fornix.list = list;
  fornix.training = (card) =>
    list((card.training ?? []).map(({ dataset, subset, kind }) => `${dataset}${subset ? ` (${subset})` : ""}: ${kind}`));
  fornix.citation = (card, what) =>
    card.citation
      ? fornix.copied(card.citation.trim(), `BibTeX of ${what}`)
      : fornix.element("p", {}, "The card gives no citation.");

  /* Where and when cells were computed, in a line. */
  fornix.provenance = (cells) => {
    const days = cells
        .map((cell) => cell.created)
        .filter(Boolean)
        .sort(),
      hardware = [...new Set(cells.map((cell) => cell.hardware).filter(Boolean))];
    return [
      [
        "computed",
        days.length
          ? days[0].slice(0, 10) === days.at(-1).slice(0, 10)
            ? days[0].slice(0, 10)
            : `${days[0].slice(0, 10)} to ${days.at(-1).slice(0, 10)}`
          : "",
      ],
      ["on", several(hardware)],
    ];
  };
  /* A table whose columns are [heading, cell of a row -> content, class]. */
  fornix.table = (caption, columns, rows) =>
    fornix.element(
      "div",
      { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
      fornix.element(
        "table",
        {},
        fornix.element("caption", {}, caption),
        fornix.element(
          "thead",
          {},
          fornix.element(
            "tr",
            {},
            columns.map(([heading, , kind]) => fornix.element("th", { scope: "col", class: kind }, heading)),
          ),
        ),
        fornix.element(
          "tbody",
          {},
          rows.map((row) =>
            fornix.element(
              "tr",
              { class: row.kind },
              columns.map(([, content, kind], at) =>
                at === 0
                  ? fornix.element("th", { scope: "row", class: kind }, content(row))
                  : fornix.element("td", { class: kind }, content(row)),
              ),
            ),
          ),
        ),
      ),
    );
  fornix.pair = (number, error) =>
    fornix.is(number) ? `${fornix.number(number)}${fornix.is(error) ? ` ± ${fornix.number(error)}` : ""}` : "";
  fornix.marked = (cell) => ({
    value: cell.value,
    low: cell.interval_low,
    high: cell.interval_high,
    kind: cell.ranked ? "" : "unranked",
  });
}
