/* What a cell says: its number and error, its rank as an interval where models tie, and why it is empty. */
"use strict";
{
  const STATES = {
    failed: "failed",
    oom: "failed: ran out of memory",
    timeout: "failed: took too long",
    missing: "not computed yet",
    stale: "out of date: code changed since it was computed",
    skipped: "skipped",
  };
  const SIGNS = { failed: "✕", oom: "✕", timeout: "✕", missing: "", stale: "↻", skipped: "·" };

  fornix.is = (number) => number !== null && number !== undefined;

  /* A score as text: three decimals, or three digits where it is larger than 100 or smaller than a thousandth. */
  fornix.number = (number) => {
    if (!fornix.is(number)) return "";
    const size = Math.abs(number);
    return (size >= 100 || (size > 0 && size < 0.001) ? number.toPrecision(3) : number.toFixed(3)).replace("-", "−");
  };
  fornix.count = (number) => (fornix.is(number) ? number.toLocaleString("en-GB") : "");

  fornix.measured = (cell, raw) => (raw ? [cell.raw, cell.raw_error] : [cell.value, cell.error]);

  fornix.rank = (cell) => {
    if (!fornix.is(cell.rank)) return "";
    const low = fornix.is(cell.rank_low) ? cell.rank_low : cell.rank,
      high = fornix.is(cell.rank_high) ? cell.rank_high : cell.rank;
    return low === high ? String(low) : `${low}–${high}`;
  };

  fornix.sign = (cell) => (cell.status === "ok" ? "?" : (SIGNS[cell.status] ?? "✕"));

  /* Why a cell has no number, in a sentence. */
  fornix.emptiness = (cell) => {
    const reason = [cell.reason, cell.why].filter((part) => part).join(": ");
    return (STATES[cell.status] ?? cell.status) + (reason ? ` (${reason})` : "");
  };

  /* All that a cell says, in words: for those who hear the page. */
  fornix.spoken = (cell, raw, tied) => {
    const [number, error] = fornix.measured(cell, raw);
    if (!fornix.is(number)) return `empty: ${fornix.emptiness(cell)}`;
    const parts = [fornix.number(number) + (fornix.is(error) ? ` plus or minus ${fornix.number(error)}` : ", no error known")];
    const rank = raw ? "" : fornix.rank(cell);
    if (rank) parts.push(`rank ${rank.replace("–", " to ")}${tied ? ` of ${tied}` : ""}`);
    if (cell.flags) parts.push(`out of rankings: ${cell.flags}`);
    if (cell.notes) parts.push(cell.notes);
    if (cell.normalisation === "none") parts.push("not divided by a ceiling");
    return parts.join("; ");
  };

  /* A number and its error as text, or the sign of an empty cell. */
  fornix.shown = (cell, raw) => {
    const [number, error] = fornix.measured(cell, raw);
    if (!fornix.is(number)) return [fornix.sign(cell), ""];
    return [fornix.number(number) + (cell.flags ? "†" : ""), fornix.is(error) ? `±${fornix.number(error)}` : "no error"];
  };

  /* Said of a parent only where not all of its children have a score. */
  fornix.partial = ({ coverage }) => {
    const [have, all] = (coverage ?? "").split("/");
    return have === all || !all ? "" : `${have} of ${all} children scored`;
  };

  /* Lines of text about a cell for the panel and the tables of details. */
  fornix.about = (cell) => [
    [
      "score",
      fornix.is(cell.value)
        ? `${fornix.number(cell.value)}${fornix.is(cell.error) ? ` ± ${fornix.number(cell.error)}` : ""}`
        : fornix.emptiness(cell),
    ],
    ["rank", fornix.rank(cell)],
    [
      "raw",
      fornix.is(cell.raw)
        ? `${fornix.number(cell.raw)}${fornix.is(cell.raw_error) ? ` ± ${fornix.number(cell.raw_error)}` : ""}`
        : "",
    ],
    ["ceiling", fornix.is(cell.ceiling) ? fornix.number(cell.ceiling) : fornix.is(cell.value) ? "none" : ""],
    ["out of rankings", cell.flags],
    ["notes", cell.notes],
    ["children scored", cell.coverage],
  ];

  /* Step of the colour scale, 0 to 8, of a number between two ends. */
  fornix.step = (number, [low, high]) =>
    high > low ? Math.max(0, Math.min(8, Math.floor((9 * (number - low)) / (high - low)))) : 4;
}
