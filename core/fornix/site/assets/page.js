/* Pieces of every page: elements (text is only ever text), links, the view's state in the fragment, the theme's switch. */
"use strict";
{
  const root = document.documentElement.dataset.root;

  /* An element. Properties are attributes, but for `on` (listeners), `of` (dataset) and `class`; children are elements
     or text. */
  fornix.element = (tag, properties, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
      else if (name === "of") Object.assign(made.dataset, value);
      else if (name === "class") made.className = value;
      else made.setAttribute(name, value === true ? "" : String(value));
    }
    made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };

  /* A name that a line may break after its dots, dashes and underscores. */
  fornix.breakable = (name) =>
    name.split(/(?<=[.\-_])/).flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));

  const page = (kind, name) => `${root}${kind}/${encodeURIComponent(name)}.html`;
  fornix.modelPage = (name) => page("model", name);
  fornix.benchmarkPage = (name) => page("benchmark", name);
  fornix.to = (href, text, properties) => fornix.element("a", { href, ...properties }, text);

  /* A link to where a card says; whatever is no http(s) address stays text. */
  fornix.outward = (address, text) => {
    let url = null;
    try {
      url = new URL(address);
    } catch {
      /* no address */
    }
    const safe = url !== null && (url.protocol === "https:" || url.protocol === "http:");
    return safe
      ? fornix.element("a", { href: url.href, rel: "noopener noreferrer external" }, text || address)
      : document.createTextNode(text || address);
  };

  /* The place of snapshots that this site is part of, as it is asked for in commands. */
  fornix.place = () => {
    const here = new URL(root || ".", location.href),
      at = here.pathname.search(/\/snapshots\/[^/]+\/site\/$/);
    if (at < 0) return "<place of the snapshot>";
    return here.protocol === "file:" ? decodeURIComponent(here.pathname.slice(0, at)) : here.origin + here.pathname.slice(0, at);
  };

  /* A word of a command as a shell takes it for one. */
  fornix.quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

  /* A list of terms and what they are; those that are empty are left out. */
  fornix.facts = (pairs) => {
    const given = pairs.filter(
      ([, what]) => what !== null && what !== undefined && what !== "" && !(Array.isArray(what) && !what.length),
    );
    return fornix.element(
      "dl",
      { class: "facts" },
      given.map(([term, what]) => fornix.element("div", {}, fornix.element("dt", {}, term), fornix.element("dd", {}, what))),
    );
  };

  fornix.section = (title, ...children) => {
    const id = `part-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
    return fornix.element("section", { "aria-labelledby": id }, fornix.element("h2", { id }, title), ...children);
  };

  /* Text to be taken elsewhere, with a button that copies it. */
  fornix.copied = (text, label) => {
    const said = fornix.element("span", { role: "status", class: "said" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(block);
        said.textContent = "Selected: copy it with the keyboard";
      }
    };
    const block = fornix.element("pre", { tabindex: 0, "aria-label": label, role: "region" }, text);
    return fornix.element(
      "div",
      { class: "copied" },
      block,
      said,
      fornix.element("button", { type: "button", on: { click: copy }, "aria-label": `Copy: ${label}` }, "Copy"),
    );
  };

  /* A file made here, for the reader to keep. */
  fornix.save = (name, text, type) => {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = fornix.element("a", { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  /* The state of the view: what the fragment says, as a Map of words; written back without a step in the history. */
  fornix.state = {
    read: () => new Map(new URLSearchParams(location.hash.slice(1))),
    write: (entries) => {
      const said = new URLSearchParams();
      for (const [name, value] of Object.entries(entries))
        if (value !== "" && value !== null && value !== undefined) said.set(name, value);
      const fragment = said.toString();
      if (fragment !== location.hash.slice(1)) history.replaceState(null, "", `#${fragment}`);
    },
  };

  /* A field of a form with its label. */
  fornix.field = (label, control) => fornix.element("label", { class: "field" }, fornix.element("span", {}, label), control);
  fornix.choice = (label, options, chosen, change) => {
    const control = fornix.element(
      "select",
      { on: { change: () => change(control.value) } },
      options.map(([value, text]) => fornix.element("option", { value }, text)),
    );
    control.value = chosen;
    if (control.selectedIndex < 0) control.selectedIndex = 0;
    return fornix.field(label, control);
  };

  fornix.ready = (draw) => {
    const main = document.querySelector("main");
    Promise.resolve()
      .then(draw)
      .catch((error) => {
        main.replaceChildren(fornix.element("p", { role: "alert" }, `This page could not be drawn: ${error.message}`));
        throw error;
      });
  };

  const themed = () =>
    document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const button = document.querySelector("#theme");
  const name = () => {
    button.textContent = themed() === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${button.textContent.toLowerCase()} colours`);
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = themed() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("fornix-theme", document.documentElement.dataset.theme);
    } catch {
      /* lasts as long as the page */
    }
    name();
  });
  button.hidden = false;
  name();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the fragment is the view's state
    document.querySelector("main").focus();
  });
}
