// The tip of each span in a service's bar. The list carries none: they come with the first look at a bar, and so does
// this script (lazy.js). Those of days stand in the table below them.
"use strict";

const bars = {
  WHICH: ".beats, .days",
  FRESH: 20000,
  tip: null,

  async point(svg, x, y) {
    this.at = svg;
    const told = await this.told(svg);
    if (!told || this.at !== svg) return;
    if (!svg.isConnected) { // the live feed brought the row anew meanwhile
      const now = document.elementFromPoint(x, y)?.closest(this.WHICH);
      if (now) this.point(now, x, y);
      return;
    }
    const box = svg.getBoundingClientRect();
    const place = Math.floor(((x - box.left) / box.width) * told.tips.length);
    const lines = told.tips[Math.min(Math.max(place, 0), told.tips.length - 1)];
    this.show(lines, box.left + ((place + .5) * box.width) / told.tips.length, box);
  },

  // The bar is drawn anew with its tips: two minutes later both have moved by one span.
  async told(svg) {
    if (!svg.told || Date.now() - svg.askedAt > this.FRESH) {
      svg.askedAt = Date.now();
      svg.told = svg.matches(".days") ? this.days(svg.closest("section").querySelector(".days-table table")) : this.ask(svg);
    }
    return svg.told;
  },

  days({ tHead, tBodies }) {
    const words = [...tHead.rows[0].cells].map((cell) => `${cell.textContent}: `);
    const tips = [...tBodies[0].rows].map(({ cells }) => [...cells].map((cell, n) => (n ? words[n] : "") + cell.textContent));
    return { tips: tips.reverse() };
  },

  async ask(svg) {
    const answer = await fetch(this.address(svg)).catch(() => null);
    if (!answer?.ok || answer.redirected) return null;
    const told = await answer.json();
    const fresh = document.createElement("template");
    fresh.innerHTML = told.svg;
    const drawn = fresh.content.firstElementChild;
    svg.replaceChildren(...drawn.childNodes);
    svg.setAttribute("aria-label", drawn.getAttribute("aria-label"));
    return told;
  },

  address(svg) {
    const link = svg.closest("tr")?.querySelector("th > a");
    return new URL("bar/", link ? link.href : location.href.replace(/[?#].*/, ""));
  },

  show(lines, x, box) {
    this.tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip" }));
    this.tip.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    this.tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = Math.min(Math.max(x - width / 2, 8), document.documentElement.clientWidth - width - 8);
    const top = box.top - height - 8 > 0 ? box.top - height - 8 : box.bottom + 8;
    this.tip.style.translate = `${Math.round(left)}px ${Math.round(top)}px`;
  },

  hide() {
    this.at = null;
    if (this.tip) this.tip.hidden = true;
  },
};

const pointing = ({ target, clientX, clientY }) => {
  const svg = target.closest?.(bars.WHICH);
  if (svg) bars.point(svg, clientX, clientY);
  else if (bars.at) bars.hide();
};

for (const name of ["pointermove", "pointerdown"]) document.addEventListener(name, pointing);
pointing(pointed);
for (const name of ["scroll", "keydown"]) document.addEventListener(name, () => bars.hide(), { capture: true, passive: true });
