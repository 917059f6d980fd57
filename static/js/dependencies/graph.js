// In the picture of the dependencies: the lines of the box that is pointed at, or has the focus, stand out.
"use strict";

const graph = {
  near(node) {
    const id = node?.id.slice("node-".length);
    for (const path of document.querySelectorAll(".graph path")) {
      path.classList.toggle("is-near", Boolean(id) && path.dataset.ends.split(" ").includes(id));
    }
  },

  follow(event) {
    const node = event.target.closest?.(".graph .node") ?? null;
    if (node === this.last) return;
    this.last = node;
    this.near(node ?? document.activeElement?.closest(".graph .node"));
  },
};

for (const name of ["mouseover", "focusin"]) document.addEventListener(name, (event) => graph.follow(event));
