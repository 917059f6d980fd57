// Keeps "3 min ago" and "in 12 s" true, by the server's clock. The words are those of lifecycle/pages/humanize.py.
"use strict";

const times = {
  skew: 0, // what the server's clock is ahead of this one, in milliseconds

  now() {
    return Date.now() + this.skew;
  },

  span(milliseconds, units) {
    const seconds = Math.max(Math.floor(milliseconds / 1000), 0);
    const sizes = [[86400, 3], [3600, 2], [60, 1], [1, 0]];
    const [size, unit] = sizes.find(([size]) => seconds >= size) ?? [1, 0];
    return `${Math.floor(seconds / size)} ${units[unit]}`;
  },

  tick() {
    const words = document.getElementById("live")?.dataset;
    if (!words) return;
    const units = words.units.split(",");
    for (const element of document.querySelectorAll("time[data-since]")) {
      const passed = this.now() - Date.parse(element.dataset.since);
      const form = "lasting" in element.dataset ? words.lasting : words.ago;
      this.write(element, form.replace("{}", this.span(passed, units)));
    }
    for (const element of document.querySelectorAll("time[data-countdown]")) {
      const left = Date.parse(element.dataset.countdown) - this.now();
      this.write(element, left <= 0 ? words.now : words.in.replace("{}", this.span(left + 999, units)));
    }
    this.tries(words, units);
  },

  tries(words, units) {
    for (const element of document.querySelectorAll("time[data-try]")) {
      const left = Date.parse(element.dataset.try) - this.now();
      const text = left > 0
        ? words.next.replace("{}", words.in.replace("{}", this.span(left + 999, units)))
        : words.trying.replace("{}", this.span(-left, units));
      this.write(element, text);
    }
  },

  write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  },

  // "3 min ago" tells when exactly once somebody points at it: the list has no room for fifty full dates.
  explain(element) {
    const { since, countdown, try: next } = element.dataset;
    const moment = new Date(element.getAttribute("datetime") || since || countdown || next);
    if (element.title || Number.isNaN(moment.getTime())) return;
    element.title = moment.toLocaleString(document.documentElement.lang, {
      dateStyle: "medium", timeStyle: "long", hourCycle: "h23",
      timeZone: document.getElementById("live")?.dataset.zone || undefined,
    });
  },
};

document.addEventListener("pointerover", (event) => {
  const element = event.target.closest?.("time");
  if (element) times.explain(element);
});

times.tick();
setInterval(() => times.tick(), 1000);
