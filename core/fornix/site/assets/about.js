/* What this snapshot is: its version, what is in it, how to take it away and to cite it. */
"use strict";
fornix.ready(async () => {
  const site = await fornix.load("site");
  document.querySelector("main").replaceChildren(
    fornix.element("h1", {}, "About this snapshot"),
    fornix.facts([
      ["version", site.version],
      ["newest cell", site.created],
      ["made by", `fornix ${site.fornix}${site.commit ? `, commit ${site.commit}` : ""}`],
      [
        "revisions",
        Object.entries(site.revisions)
          .map(([name, number]) => `${name} ${number}`)
          .join(", "),
      ],
      [
        "contents",
        Object.entries(site.counts)
          .map(([name, number]) => `${name}: ${fornix.count(number)}`)
          .join(", "),
      ],
      ["hardware", fornix.list(Object.entries(site.hardware).map(([name, number]) => `${name}: ${fornix.count(number)} cells`))],
      ["private plugins", fornix.several(site.private)],
    ]),
    fornix.section(
      "Take it with you",
      fornix.list(site.files.map(([label, href]) => fornix.to(href, label, { download: true }))),
      fornix.element("p", {}, "Or from Python, where it is verified and kept:"),
      fornix.copied(`import fornix\nmatrix = fornix.pull("${fornix.place()}", version="${site.version}")`, "Python"),
    ),
    fornix.section(
      "How to read it",
      fornix.element(
        "p",
        {},
        "A score is how well a model predicts a brain or behaves like a subject, divided by the ceiling that " +
          "the data's own reliability sets, where there " +
          "is one. Every score has a standard error; models tie where a paired test cannot tell them " +
          "apart, so a rank is an interval.",
      ),
      fornix.element(
        "p",
        {},
        "Out of rankings (†) are models that were trained on the responses or subjects they are scored on, and data with " +
          "a known defect. Controls are models made to show what a score is worth.",
      ),
    ),
    fornix.section(
      "Made with",
      fornix.list(
        site.libraries.map(({ name, version, licence, file }) => [`${name} ${version}, `, fornix.to(`vendor/${file}`, licence)]),
      ),
    ),
  );
});
