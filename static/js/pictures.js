// A chart is a picture that the server drew, until somebody wants to do something with it: then its script comes, takes
// the place of the picture, and does what was held back meanwhile.
"use strict";

const pictures = {
  root: document.getElementById("charts"),
  EVERY: 15000, // as the charts themselves
  AT_LEAST: 5000,
  KEYS: /^(Arrow(Left|Right)|Page(Up|Down)|Home|End|[-+f])$/,
  asked: 0, // when they last were asked for
  held: [], // what was done before the charts were drawn; then null
  listens: false, // whether their script hears clicks

  start() {
    const { root, AT_LEAST } = this;
    const { live } = root.dataset;
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.near = isIntersecting;
      if (live && !this.asked) this.renew(); // else they come with other figures
    }, { rootMargin: "200px" }).observe(root);
    for (const name of [`live:${live}`, "visibilitychange"]) document.addEventListener(name, () => this.renew(AT_LEAST));
    setInterval(() => this.asked && this.renew(this.EVERY), 1000);
    for (const name of "pointermove pointerdown focusin keydown click submit mousedown mousemove mouseup".split(" ")) {
      root.addEventListener(name, (event) => this.hold(event), true);
    }
    document.addEventListener("htmx:load", () => this.came());
    this.wanted = location.search.includes("zoom=");
    this.came();
  },

  get figures() {
    return document.getElementById("charts-figures");
  },

  get empty() {
    return !this.figures.children.length;
  },

  // While somebody looks, and the range ends now.
  renew(atLeast = 0) {
    const moves = this.empty || this.root.dataset.query.startsWith("range");
    if (!moves || !this.near || this.script || document.hidden || Date.now() - this.asked < atLeast) return;
    this.asked = Date.now();
    htmx.trigger(this.figures, "pictures");
  },

  came() {
    if (this.empty) return;
    this.asked ||= Date.now();
    if (this.wanted) this.bring();
  },

  bring() {
    this.wanted = true;
    if (this.script || this.empty) return;
    htmx.trigger(this.figures, "htmx:abort");
    this.script = bring(this.root.dataset.charts);
    this.script.onerror = () => this.failed();
  },

  // Then a range is shown by a page of its own, and all else has to be done again.
  failed() {
    const link = this.held.map(({ target }) => target.closest("a[data-query]")).find(Boolean);
    this.held = [];
    this.script.remove();
    delete scripts[this.root.dataset.charts];
    this.wanted = this.script = null;
    if (link) location.assign(link.href);
  },

  hold(event) {
    const { type, target, key } = event;
    if (!this.held) return;
    this.bring();
    const aside = event.ctrlKey || event.metaKey || event.altKey || (type === "click" && event.shiftKey);
    const acts = type === "keydown" ? target.matches(".plot") && this.KEYS.test(key)
      : !this.listens && (type === "submit" ? target.matches("[data-own]") : type === "click" && target.closest("a[data-query], [data-full]"));
    if (acts && !aside) {
      event.preventDefault();
      event.stopPropagation();
    } else if (!type.startsWith("mouse")) return;
    this.held.push(event);
  },
};

if (pictures.root) pictures.start();
