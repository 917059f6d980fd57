// Choosing services in the list: all on the page by one box, kept while rows are swapped by the live feed.
"use strict";

const picking = {
  chosen: new Set(),
  everything: false,

  boxes() {
    return [...document.querySelectorAll("#services [name=pick]")];
  },

  // Rows come anew without their ticks; what is no longer shown is no longer chosen.
  restore() {
    const boxes = this.boxes();
    const shown = new Set(boxes.map((box) => box.value));
    for (const name of this.chosen) if (!shown.has(name)) this.chosen.delete(name);
    for (const box of boxes) box.checked = this.chosen.has(box.value);
    const all = document.querySelector("#services [name=everything]");
    if (all) all.checked = this.everything;
    this.say(boxes);
  },

  take(target) {
    if (target.matches("[data-picks-all]")) {
      for (const box of this.boxes()) this.set(box, target.checked);
    } else if (target.name === "everything") {
      this.everything = target.checked;
    } else {
      this.set(target, target.checked);
    }
    this.say(this.boxes());
  },

  set(box, checked) {
    box.checked = checked;
    if (checked) this.chosen.add(box.value);
    else this.chosen.delete(box.value);
  },

  say(boxes) {
    const count = document.querySelector("#services [data-picked]");
    if (count) count.textContent = this.everything ? "" : String(this.chosen.size);
    const head = document.querySelector("#services [data-picks-all]");
    if (!head) return;
    head.checked = boxes.length > 0 && this.chosen.size === boxes.length;
    head.indeterminate = this.chosen.size > 0 && !head.checked;
  },
};

document.addEventListener("change", (event) => {
  if (event.target.closest("#services") && event.target.matches("input[type=checkbox]")) picking.take(event.target);
  if (event.target.closest("#filters")) picking.everything = false;
});
for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:afterSettle"]) {
  document.addEventListener(name, () => {
    if (document.getElementById("services")) picking.restore();
  });
}
document.addEventListener("htmx:afterSettle", () => {
  const dialog = document.querySelector("#bulk-ask dialog[data-shows]:not([open])");
  if (dialog) {
    dialog.removeAttribute("data-shows");
    dialog.showModal();
  }
});
