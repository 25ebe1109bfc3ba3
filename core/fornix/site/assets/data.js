/* The data of the pages: script files that register themselves, loaded when first asked for; tables as columns. */
"use strict";
const fornix = (window.fornix = {});
{
  const root = document.documentElement.dataset.root;
  const arrived = new Map(),
    asked = new Map(),
    waiting = new Map();

  /* What a data file calls: its name and its content. */
  fornix.register = (name, content) => {
    arrived.set(name, content);
    if (waiting.has(name)) waiting.get(name)(content);
  };

  /* A promise of the content of data/<name>.js. */
  fornix.load = (name) => {
    if (arrived.has(name)) return Promise.resolve(arrived.get(name));
    if (!asked.has(name)) {
      asked.set(
        name,
        new Promise((resolve, reject) => {
          waiting.set(name, resolve);
          const script = document.createElement("script");
          script.src = `${root}data/${name}.js`;
          const lost = () => {
            // and forgotten, so that it can be asked for again
            asked.delete(name);
            script.remove();
            reject(new Error(`data/${name}.js could not be read; the site's folder is not whole`));
          };
          script.onerror = lost;
          script.onload = () => {
            if (!arrived.has(name)) lost();
          }; // a part of a file
          document.head.append(script);
        }),
      );
    }
    return asked.get(name);
  };

  /* Column of a table as an array; words are kept once each, with their numbers per row. A column left out has no values. */
  fornix.column = (table, name) => {
    const column = table.columns[name];
    if (column === undefined) return new Array(table.length).fill(null);
    if (Array.isArray(column)) return column;
    if (column.words.length === 1) return new Array(table.length).fill(column.words[0]);
    return column.at.map((number) => column.words[number]);
  };

  /* All rows of a table, as objects. */
  fornix.rows = (table) => {
    const names = Object.keys(table.columns),
      columns = names.map((name) => fornix.column(table, name));
    return Array.from({ length: table.length }, (_, row) => {
      const made = {};
      for (let at = 0; at < names.length; at++) made[names[at]] = columns[at][row];
      return made;
    });
  };
}
