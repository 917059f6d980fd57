// Choosing services, or alerts, in their list: kept while it is swapped by the live feed, and from page to page of it.
"use strict";

// A button at the end of each row, for whoever may act: all open the same menu, whose script comes with the first.
const menu = document.getElementById("row-menu");
const dress = () => {
  for (const link of document.querySelectorAll(menu ? "#services tbody tr:not(:has(.row-acts)) > th > a:first-of-type" : "none")) {
    const button = document.createElement("button");
    button.className = "quiet row-acts";
    button.popoverTargetElement = menu;
    button.ariaLabel = menu.dataset.label.replace("{}", link.textContent);
    link.closest("tr").lastElementChild.append(button);
  }
};

const picking = {
  LIST: "#services, #alerts",
  chosen: new Set(),
  everything: false,
  place: "",

  get list() {
    return document.querySelector(this.LIST);
  },

  find(selector) {
    return this.list?.querySelector(selector);
  },

  boxes() {
    return [...this.list?.querySelectorAll("[name=pick]") ?? []];
  },

  // What was chosen among one set of filters says nothing of another.
  key() {
    const filters = new URLSearchParams(location.search);
    for (const name of ["page", "sort", "view"]) filters.delete(name);
    for (const [name, value] of [...filters]) if (!value) filters.delete(name);
    filters.sort();
    return `picked${this.list?.id === "alerts" ? "-alerts" : ""}?${filters}`;
  },

  load() {
    const place = this.key();
    if (place === this.place) return;
    this.place = place;
    this.everything = false;
    try {
      this.chosen = new Set(JSON.parse(sessionStorage.getItem(place) ?? "[]"));
    } catch {
      this.chosen = new Set(); // a browser that keeps nothing, or something that is not ours
    }
  },

  save() {
    try {
      if (this.chosen.size) sessionStorage.setItem(this.place, JSON.stringify([...this.chosen]));
      else sessionStorage.removeItem(this.place);
    } catch {
      // It is kept as long as the page is.
    }
  },

  // Rows come anew without their ticks.
  restore() {
    dress();
    this.load();
    const boxes = this.boxes();
    if (this.find("[data-whole]")) this.keepOnly(new Set(boxes.map((box) => box.value)));
    for (const box of boxes) box.checked = this.chosen.has(box.value);
    const all = this.find("[name=everything]");
    if (all) all.checked = this.everything;
    this.say(boxes);
  },

  // Where all there are is shown, what is not there any more is not chosen either.
  keepOnly(there) {
    const before = this.chosen.size;
    for (const value of this.chosen) if (!there.has(value)) this.chosen.delete(value);
    if (before !== this.chosen.size) this.save();
  },

  take(target) {
    if (target.matches("[data-picks-all]")) {
      for (const box of this.boxes()) this.set(box, target.checked);
    } else if (target.name === "everything") {
      this.everything = target.checked;
    } else {
      this.set(target, target.checked);
    }
    this.save();
    this.say(this.boxes());
  },

  set(box, checked) {
    box.checked = checked;
    if (checked) this.chosen.add(box.value);
    else this.chosen.delete(box.value);
  },

  clear() {
    this.chosen.clear();
    this.everything = false;
    this.save();
    this.restore();
  },

  say(boxes) {
    const shown = new Set(boxes.map((box) => box.value));
    const elsewhere = [...this.chosen].filter((value) => !shown.has(value));
    this.carry(elsewhere);
    const count = this.find("[data-picked]");
    if (count) count.textContent = this.everything ? "" : String(this.chosen.size);
    const number = String(this.everything ? this.find("[name=everything]")?.dataset.all : this.chosen.size);
    for (const badge of document.querySelectorAll("#bulk-menu [data-counted]")) badge.textContent = number;
    for (const button of this.list?.querySelectorAll("[data-says]") ?? []) {
      if (number !== "0") button.textContent = number === "1" ? button.dataset.one : button.dataset.says.replace("{}", number);
    }
    const others = this.find("[data-elsewhere]");
    if (others) others.textContent = elsewhere.length ? others.dataset.elsewhere.replace("{}", elsewhere.length) : "";
    const head = this.find("[data-picks-all]");
    if (!head) return;
    const here = this.chosen.size - elsewhere.length;
    head.checked = boxes.length > 0 && here === boxes.length;
    head.indeterminate = here > 0 && !head.checked;
  },

  // Those on other pages go with the form, too.
  carry(values) {
    const form = document.getElementById("bulk");
    if (!form) return;
    for (const input of form.querySelectorAll("[name=pick]")) input.remove();
    form.append(...values.map((value) => Object.assign(document.createElement("input"), { type: "hidden", name: "pick", value })));
  },
};

document.addEventListener("change", (event) => {
  if (event.target.closest(picking.LIST) && event.target.matches("input[type=checkbox]")) picking.take(event.target);
  if (event.target.closest("#filters")) picking.everything = false;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-picks-none]")) picking.clear();
  const row = event.target.closest(".row-acts")?.closest("tr");
  if (row) menu.dataset.row = row.id;
});
for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:afterSettle"]) {
  document.addEventListener(name, () => {
    if (picking.list) picking.restore();
  });
}

// A menu stands below its button, or above one at the lower end of the window. That of saved views is no part of the
// form, whose every change filters.
document.addEventListener("beforetoggle", ({ newState, target }) => {
  if (newState !== "open" || !target.matches(".view-menu")) return;
  const { row } = target.dataset;
  const button = document.querySelector(row ? `#${row} .row-acts` : `[popovertarget="${target.id}"]`).getBoundingClientRect();
  const room = document.documentElement.clientWidth - Math.min(row ? 192 : 304, document.documentElement.clientWidth - 24) - 12;
  const above = button.top > innerHeight / 2;
  target.style.inset = above ? "auto auto 0 0" : "0 auto auto 0";
  target.style.translate = `${Math.max(Math.min(button.left, room), 8)}px ${above ? button.top - 4 - innerHeight : button.bottom + 4}px`;
}, true);

// What a narrow column cuts off is told whole to whoever points at it.
document.addEventListener("pointerover", (event) => {
  const cut = event.target.closest?.("#services :is(td > small, th > code, th > .why, th > a)");
  if (cut && !cut.title && cut.scrollWidth > cut.clientWidth) cut.title = cut.textContent;
});
document.addEventListener("htmx:afterSettle", () => {
  const dialog = document.querySelector("#bulk-ask dialog[data-shows]:not([open])");
  if (dialog) {
    dialog.removeAttribute("data-shows");
    dialog.showModal();
  }
});
// Once it has begun, nothing is chosen any more.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.closest("#bulk-ask") && event.detail.xhr?.getResponseHeader("HX-Redirect")) picking.clear();
});
document.addEventListener("picked", () => picking.clear());
// Why a row was found is known to the search alone: the live feed's row takes it over.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const why = event.detail.target.querySelector?.(":scope > th > .why");
  const head = event.detail.fragment?.querySelector?.("tr > th");
  if (why && head && !head.querySelector(".why")) head.append(why.cloneNode(true));
});
picking.restore();
