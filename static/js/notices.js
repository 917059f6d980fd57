// The bell: its list while it is open, and the browser's own notifications for those who asked for them here.
//
// Told is what begins to fire while the page is open, each once; what is silenced the server leaves out. Several
// pages of one browser say the same under the same tag, so it shows once.
"use strict";

const notices = {
  panel: document.getElementById("notices"),
  KEPT: "console.notify",
  EACH: 3, // so many at once are said one by one
  EVERY: 15000, // a hidden page whose socket is blocked is not told by events
  PAUSE: 2000,
  said: new Set(),

  start() {
    this.number();
    document.body.addEventListener("htmx:oobAfterSwap", () => this.number());
    this.panel.addEventListener("toggle", (event) => event.newState === "open" && this.refresh());
    document.body.addEventListener("live:alerts", () => {
      if (this.panel.matches(":popover-open")) this.refresh();
      this.lookSoon();
    });
    this.panel.addEventListener("click", (event) => {
      const button = event.target.closest("[data-notify-set]");
      if (button) this.choose(button.dataset.notifySet === "on");
    });
    this.panel.addEventListener("htmx:afterSettle", () => this.show());
    setInterval(() => this.look(), this.EVERY);
  },

  // A tab that nobody looks at says how many fire, too.
  number() {
    const { hidden, firstChild } = document.getElementById("bell-count");
    document.title = (hidden ? "" : `(${firstChild.data}) `) + document.title.replace(/^\(\S+\) /, "");
  },

  refresh() {
    htmx.trigger("#notice-list", "notices");
  },

  get standing() {
    if (!window.isSecureContext) return "insecure";
    if (this.lacking || !("Notification" in window)) return "lacking";
    if (Notification.permission === "denied") return "denied";
    return Notification.permission === "granted" && localStorage.getItem(this.KEPT) ? "on" : "off";
  },

  show() {
    for (const part of this.panel.querySelectorAll("[data-notify]")) part.hidden = part.dataset.notify !== this.standing;
  },

  async choose(on) {
    if (on) localStorage.setItem(this.KEPT, "1");
    else localStorage.removeItem(this.KEPT);
    if (on) await Notification.requestPermission();
    this.show();
    this.panel.querySelector("[data-notify]:not([hidden]) button")?.focus();
  },

  lookSoon() {
    this.waiting ??= setTimeout(() => {
      this.waiting = undefined;
      this.look();
    }, this.PAUSE);
  },

  async look() {
    if (this.standing !== "on") return;
    const address = new URL(this.panel.dataset.new, location.href);
    address.searchParams.set("since", this.panel.dataset.opened);
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = (await answer.json()).alerts.filter((one) => !this.said.has(one.id));
    for (const one of fresh) this.said.add(one.id);
    if (fresh.length > this.EACH) {
      const title = this.panel.dataset.many.replace("{}", fresh.length);
      this.say(title, fresh.map((one) => one.title).join("\n"), "alerts", this.panel.dataset.all);
    } else {
      for (const one of fresh.reverse()) this.say(one.title, one.body, `alert-${one.id}`, one.url);
    }
  },

  say(title, body, tag, url) {
    try {
      const notification = new Notification(title, { body, tag });
      notification.onclick = () => window.open(url, "_blank", "noopener");
    } catch {
      this.lacking = true; // there is the constructor, and it refuses: Chrome on Android
      this.show();
    }
  },
};

if (notices.panel) notices.start();
