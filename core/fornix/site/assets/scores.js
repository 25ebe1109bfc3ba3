/* The scores of the matrix: files of cells, a few benchmarks in each, loaded when first wanted, and again if that failed. */
"use strict";
{
  const EMPTY = { status: "" };

  /* The scores of a site's benchmarks. `came(group, again)` is called when a file came (again: after it failed), `lost()` when
     one could not be read. */
  fornix.scores = ({ came, lost }) => {
    const columns = new Map(); // number of benchmark -> its cells, how many are ranked, and of scores and raw ones:
    // [low, high] of the ranked, and how far their errors reach
    const asked = new Map(); // group that is here or under way -> promise of whether it came
    const failed = new Map(); // group -> why it could not be loaded

    const range = (numbers) => (numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1]);
    const column = (cells) => {
      const ranked = cells.filter((cell) => cell.ranked);
      const measured = [false, true].map((raw) =>
        ranked.map((cell) => fornix.measured(cell, raw)).filter(([value]) => fornix.is(value)),
      );
      return {
        cells,
        ranked: ranked.length,
        ends: measured.map((all) => range(all.map(([value]) => value))),
        reaches: measured.map((all) => range(all.flatMap(([value, error]) => [value - (error ?? 0), value + (error ?? 0)]))),
      };
    };
    const arrival = async (group) => {
      try {
        const content = await fornix.load(`groups/${group}`);
        content.benchmarks.forEach((number, at) => columns.set(number, column(fornix.rows(content.tables[at]))));
      } catch (error) {
        asked.delete(group); // tried again when it is wanted again
        failed.set(group, error.message);
        lost();
        return false;
      }
      came(group, failed.delete(group)); // what goes wrong in there is no fault of the file
      return true;
    };
    return {
      /* Whether all these groups came, which may have been under way. `again`: those that failed are asked for once more. */
      need: async (wanted, again = true) => {
        const all = [...new Set(wanted)];
        for (const group of all) if (!asked.has(group) && (again || !failed.has(group))) asked.set(group, arrival(group));
        return (await Promise.all(all.map((group) => asked.get(group)))).every(Boolean);
      },
      /* The sentence of a file that could not be read, if there is one. */
      lacking: () => failed.values().next().value,
      here: (benchmark) => columns.has(benchmark.index),
      cell: (model, benchmark) => columns.get(benchmark.index)?.cells[model.index] ?? EMPTY,
      ranked: (benchmark) => columns.get(benchmark.index)?.ranked,
      range: (benchmark, raw) => columns.get(benchmark.index)?.ends[raw ? 1 : 0],
      reach: (benchmark, raw) => columns.get(benchmark.index)?.reaches[raw ? 1 : 0],
    };
  };
}
