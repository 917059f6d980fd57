// The menu at the end of a row of the services list: this comes when one is opened first. All rows share it.
"use strict";

const acts = {
  STOPPED: ["DISCONNECTING", "DISCONNECTED"],
  menu: document.getElementById("row-menu"),
  path: "",

  // The row is known by its id: it is renewed.
  get button() {
    return document.getElementById(this.menu.dataset.row)?.querySelector(".row-acts");
  },

  items() {
    return [...this.menu.querySelectorAll("button, a")].filter((one) => !one.hidden);
  },

  // As the row is now: one that stops meanwhile is offered to be started.
  fill() {
    const { button, menu } = this;
    if (!button || !menu.matches(":popover-open")) return;
    const row = button.closest("tr");
    const stopped = this.STOPPED.includes(row.dataset.state);
    this.path = new URL(row.querySelector("th > a").href).pathname;
    menu.setAttribute("aria-label", button.getAttribute("aria-label"));
    menu.querySelector("a").href = `${this.path}edit/`;
    for (const one of menu.children) one.hidden = one.dataset.when ? (one.dataset.when === "stopped") !== stopped : false;
    if (!menu.contains(document.activeElement) || document.activeElement.hidden) this.items()[0].focus();
  },

  ask(act) {
    this.menu.hidePopover();
    htmx.ajax("POST", `${this.path}ask/${act}/`, { source: this.menu, target: "#bulk-ask", swap: "innerHTML" });
  },

  key(event) {
    const items = this.items();
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    items.at(next % items.length).focus();
  },

  toggled(event) {
    if (event.newState === "open") this.fill();
    else if (this.menu.contains(document.activeElement) || document.activeElement === document.body) this.button?.focus({ preventScroll: true });
  },

  start() {
    this.menu.addEventListener("click", ({ target }) => {
      const act = target.closest("[data-act]")?.dataset.act;
      if (act) this.ask(act);
    });
    this.menu.addEventListener("keydown", (event) => this.key(event));
    this.menu.addEventListener("toggle", (event) => this.toggled(event));
    this.menu.addEventListener("focusout", ({ relatedTarget: to }) => {
      if (to && !this.menu.contains(to)) this.menu.hidePopover();
    });
    for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(name, () => this.fill());
    this.fill();
  },
};

acts.start();
