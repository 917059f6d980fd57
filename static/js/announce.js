// Says to those who hear the page what changed on it: one sentence, and no more than one in ten seconds.
"use strict";

const announce = {
  EVERY: 10000,
  WHAT: "#now-title, main .head-state .state, #bell-count:not([hidden])",
  place: document.getElementById("announced"),
  last: -Infinity,

  start() {
    this.known = this.text();
    document.body.addEventListener("htmx:oobAfterSwap", () => this.soon());
  },

  text() {
    const parts = [...document.querySelectorAll(this.WHAT)].map((one) => one.textContent.trim().replace(/\s+/g, " "));
    return parts.join(document.documentElement.lang.startsWith("zh") ? "。" : ". ");
  },

  soon() {
    this.waiting ??= setTimeout(() => this.say(), Math.max(this.last + this.EVERY - Date.now(), 300));
  },

  say() {
    this.waiting = undefined;
    const now = this.text();
    if (now === this.known) return;
    this.known = now;
    this.last = Date.now();
    this.place.textContent = now;
  },
};

if (announce.place) announce.start();
