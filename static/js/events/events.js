// The page of all events grows at its top while it is open; what one reads stays where it is.
//
// The feed only says that something happened. The page then asks for the latest lines and takes those that it
// does not show yet, so that a line which was committed late is not missed.
"use strict";

const events = {
  EVERY: 1000, // ask at most this often
  MOST: 500, // lines kept on the page
  held: [], // lines that came while the page was paused, newest first

  start() {
    document.body.addEventListener("live:events-live", () => this.soon());
    document.body.addEventListener("htmx:afterSettle", () => this.show());
    document.body.addEventListener("click", (event) => event.target.closest("#event-pause") && this.toggle());
    this.show();
  },

  get top() {
    return document.getElementById("events-live");
  },

  get button() {
    return document.getElementById("event-pause");
  },

  get paused() {
    return this.button?.getAttribute("aria-pressed") === "true";
  },

  // A list that was filtered anew is not paused, and has nothing to catch up with.
  show() {
    if (!this.button?.hidden) return;
    this.held = [];
    this.button.hidden = false;
  },

  soon() {
    if (this.waiting || !this.top) return;
    const wait = Math.max(0, (this.askedAt ?? 0) + this.EVERY - Date.now());
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      this.ask();
    }, wait);
  },

  async ask() {
    const top = this.top;
    if (!top) return;
    this.askedAt = Date.now();
    const answer = await fetch(top.dataset.news, { headers: { "HX-Request": "true" } }).catch(() => null);
    const html = answer?.ok && !answer.redirected ? await answer.text() : "";
    if (this.top !== top) return; // the list was filtered anew meanwhile
    const template = document.createElement("template");
    template.innerHTML = html;
    this.take([...template.content.querySelectorAll("li[id]")], Number(top.dataset.most));
  },

  take(lines, most) {
    const held = new Set(this.held.map((line) => line.id));
    const fresh = lines.filter((line) => !held.has(line.id) && !document.getElementById(line.id));
    for (const line of lines) this.renew(line);
    if (fresh.length >= most) location.reload(); // more came than one page holds
    this.held = [...fresh, ...this.held];
    if (!this.paused) this.insert();
    this.say();
  },

  // A command that was requested is now done.
  renew(line) {
    const shown = document.getElementById(line.id);
    if (shown && shown.textContent !== line.textContent) shown.replaceChildren(...line.cloneNode(true).childNodes);
  },

  insert() {
    const list = document.getElementById("event-lines");
    if (!list || this.held.length === 0) return;
    const before = document.documentElement.scrollHeight;
    const reading = list.getBoundingClientRect().top < 0;
    for (const line of this.held) line.classList.add("is-new");
    list.prepend(...this.held);
    this.held = [];
    document.querySelector("#events > .empty")?.remove();
    if (reading) scrollBy({ top: document.documentElement.scrollHeight - before, behavior: "instant" });
    else while (list.children.length > this.MOST) list.lastElementChild.remove();
  },

  toggle() {
    this.button.setAttribute("aria-pressed", String(!this.paused));
    if (!this.paused) this.insert();
    this.say();
  },

  say() {
    const text = this.top?.querySelector("[data-live]");
    if (!text) return;
    const { live, paused, waiting } = text.dataset;
    text.textContent = !this.paused ? live : this.held.length ? waiting.replace("{}", this.held.length) : paused;
  },
};

events.start();
