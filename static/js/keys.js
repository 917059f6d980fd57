// The command palette and the keys that work everywhere: Ctrl K, /, j, k, x and ?; and those that buttons, links and
// rows name themselves: data-key, and data-row-key for the row that has the focus. One after g is two presses.
"use strict";

const palette = {
  box: document.getElementById("palette"),
  get input() {
    return document.getElementById("palette-q");
  },

  open() {
    if (!this.box || this.box.open) return;
    this.input.value = "";
    this.answered = undefined; // which text the lines answer
    this.enter = false;
    this.box.showModal();
    this.input.focus();
    htmx.trigger(this.input, "palette:open");
  },

  options() {
    return [...this.box.querySelectorAll('[role="option"]')];
  },

  choose(option) {
    for (const one of this.options()) one.setAttribute("aria-selected", String(one === option));
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  },

  move(step) {
    const options = this.options();
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    this.choose(options[(at + step + options.length) % options.length]);
  },

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.move(step);
    else if (event.key === "Enter") this.go();
    else return;
    event.preventDefault();
  },

  // Typed faster than answered: Enter waits for the lines of what stands in the field.
  go() {
    this.enter = this.answered !== this.input.value;
    if (!this.enter) this.box.querySelector('[aria-selected="true"]')?.click();
  },
};

if (palette.box) {
  palette.box.addEventListener("keydown", (event) => palette.key(event));
  palette.box.addEventListener("click", (event) => event.target === palette.box && palette.box.close());
  palette.box.addEventListener("htmx:afterSwap", ({ detail }) => {
    palette.answered = detail.requestConfig.parameters.q;
    palette.choose(palette.options()[0]);
    if (palette.enter) palette.go();
  });
}

const rows = {
  all() {
    return [...document.querySelectorAll("main table.list > tbody")].flatMap((body) => [...body.rows])
      .filter((row) => row.checkVisibility() && row.querySelector("a"));
  },

  // From row to row by its link: the focus says where one is, and Enter opens it.
  move(step) {
    const all = this.all();
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[at === -1 ? (step > 0 ? 0 : all.length - 1) : at + step];
    next?.querySelector("a").focus();
    next?.scrollIntoView({ block: "nearest" });
  },

  pick() {
    document.activeElement.closest("main table.list tr")?.querySelector('input[type="checkbox"]')?.click();
  },
};

const help = {
  async open() {
    if (!document.getElementById("keys")) {
      const answer = await fetch(palette.box.dataset.keys).catch(() => null);
      if (!answer?.ok || document.getElementById("keys")) return;
      document.body.insertAdjacentHTML("beforeend", await answer.text());
    }
    document.getElementById("keys").showModal();
  },
};

const KEYS = {
  "/": () => document.querySelector('main input[type="search"]')?.focus(),
  "?": () => palette.box && help.open(),
  j: () => rows.move(1),
  k: () => rows.move(-1),
  x: () => rows.pick(),
};

let begun = ["", 0]; // "g", and when

const named = (key) => {
  const row = document.activeElement.closest("tr")?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
  const found = row ?? document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  return found && getComputedStyle(found).display !== "none" ? found : null; // in a menu that is closed, too
};

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    palette.open();
    return;
  }
  const unheard = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, dialog, [contenteditable], [data-keys=off]");
  if (event.ctrlKey || event.metaKey || event.altKey || unheard) return;
  const key = (event.timeStamp - begun[1] < 1500 ? begun[0] : "") + event.key;
  begun = [key === "g" ? key : "", event.timeStamp];
  const found = named(key);
  if (!(key in KEYS) && !found) return;
  event.preventDefault();
  if (key in KEYS) KEYS[key]();
  else found.click();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) palette.open();
});
