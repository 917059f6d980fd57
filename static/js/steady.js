// What one reads stays where it is: a card that is renewed keeps the height it had, and what no longer fits is scrolled
// inside it, or shown by a button. It may be as high as it likes again when nobody looks, or when the window changes.
//
// A stylesheet of our own says so: htmx takes classes and styles of an element to the one that comes in its place.
"use strict";

const steady = {
  CARDS: "#overview-now, #overview-figures, #overview-events, #overview-alerts, #overview-workers, "
    + "main [id^='service-head-'], main [id^='service-events-'], main [id^='service-uptime-']",
  FIGURES: "overview-figures", // of which none may be hidden: they may grow
  BANNERS: "#drift-banner, #mass-banner",
  heights: new Map(), // what each has
  held: new Map(), // and what it has to keep
  late: new Set(), // banners that came while the page was open
  width: innerWidth,

  start() {
    this.filling = this.begins();
    this.sheet = new CSSStyleSheet();
    document.adoptedStyleSheets.push(this.sheet);
    this.sizes = new ResizeObserver((entries) => {
      for (const { target, borderBoxSize } of entries) {
        if (target.isConnected) this.heights.set(target.id, borderBoxSize[0].blockSize);
      }
    });
    this.watch();
    new MutationObserver((records) => {
      const gone = records.flatMap((record) => [...record.removedNodes]).filter((node) => node.id);
      for (const { id, hidden } of gone) this.replaced(id, hidden);
      if (gone.length) this.watch();
    }).observe(document.querySelector("main"), { childList: true, subtree: true });
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
    document.addEventListener("submit", (event) => event.target.matches("[data-look]") && this.release());
    document.addEventListener("toggle", (event) => this.release(event.target.closest(this.CARDS)), true);
    document.addEventListener("click", (event) => event.target.closest("[data-holds-more]") && this.showAll(event.target));
    window.addEventListener("resize", () => {
      if (innerWidth !== this.width) this.release();
      this.width = innerWidth;
    });
  },

  watch() {
    for (const one of document.querySelectorAll(`${this.CARDS}, ${this.BANNERS}`)) this.sizes.observe(one);
  },

  begins() {
    return document.querySelector("main [id^='service-head-'][data-state=INITIALIZING]") !== null;
  },

  replaced(id, wasHidden) {
    const now = document.getElementById(id);
    if (!now || document.hidden) return;
    if (this.filling) {
      // A service that was just added: for five seconds from its first state its cards get what they are to hold.
      if (!this.begins()) setTimeout(() => { this.filling = false; }, 5000);
      if (now.matches(this.CARDS)) return;
    }
    if (now.matches(this.BANNERS)) this.place(now, wasHidden);
    else if (now.matches(this.CARDS) && this.heights.get(id)) this.hold(now);
  },

  // Notices that come stand over the page, at its lower end; those that go leave their place empty.
  place(banner, wasHidden) {
    if (wasHidden) this.late.add(banner.id);
    if (this.late.has(banner.id)) {
      banner.classList.add("is-late");
    } else if (banner.hidden) {
      banner.hidden = false;
      banner.classList.add("was-here");
      this.keep(banner.id);
    }
  },

  hold(card) {
    this.keep(card.id);
    if (card.id !== this.FIGURES && card.scrollHeight > card.clientHeight + 8) this.offer(card);
  },

  keep(id) {
    if (!this.held.has(id)) this.held.set(id, this.heights.get(id));
    this.write();
  },

  write() {
    const rules = [...this.held].map(([id, height]) => {
      const [least, hides] = id === this.FIGURES ? ["min-", ""] : ["", "overflow-y: auto"];
      return `#${CSS.escape(id)} { ${least}block-size: ${height}px; ${hides} }`;
    });
    this.sheet.replaceSync(`@media screen { ${rules.join(" ")} }`);
  },

  offer(card) {
    const more = Object.assign(document.createElement("p"), { className: "held-more" });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "small" });
    button.textContent = document.getElementById("live").dataset.all;
    button.dataset.holdsMore = "";
    more.append(button);
    card.append(more);
  },

  showAll(button) {
    const card = button.closest(this.CARDS);
    this.release(card);
    card.querySelector("a[href], button")?.focus({ preventScroll: true });
  },

  // One card, or all of them; of no card there is nothing to release.
  release(card) {
    if (card === null) return;
    const ids = card ? [card.id] : [...this.held.keys()];
    for (const id of ids) {
      this.held.delete(id);
      document.querySelector(`#${CSS.escape(id)} > .held-more`)?.remove();
    }
    this.write();
  },
};

if (document.getElementById("live")) steady.start();
