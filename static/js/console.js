// Keeps the page's fragments as they are on the server: through a WebSocket, or by asking where that is blocked.
//
// The page says which fragments it shows, by their ids, and confirms the frames, so that the server never
// queues more for it than it shows. What comes is out-of-band HTML, swapped by htmx. Fragments without
// HTML, and lists, come as events `live:NAME` on the body.
"use strict";

const live = {
  element: document.getElementById("live"),
  feed: Number(document.body.dataset.feed ?? 0), // the last feed id that this page has applied
  socket: null,
  frames: 0,
  told: "", // what the server was last told that we show
  failures: 0, // sockets in a row that nothing was heard through
  heardAt: Date.now(),
  deafFrom: Infinity, // when the socket will have been silent for too long
  signedOut: false,
  polls: 0,
  SHOWN: "[id^=service-],[id^=command-],[id^=batch-],[id^=node-],[id^=need-],#count-all,#worker-sign,#alert-badge,#bell-count,"
    + "#drift-banner,#mass-banner,#events-live,#overview-now,#overview-events,#overview-alerts,#overview-workers",
  SIGNED_OUT: 4401, // why the server closes the socket of a session that has ended
  FIRST_WITHIN: 6000, // what we say that we show is answered at once
  SILENCE: 15000, // and a sign of life follows every five seconds
  POLL_EVERY: 3000,
  CONFIRM_EACH: 4, // several frames at once; the server sends eight ahead
  CONFIRM_WITHIN: 2000, // but well before the half minute after which it gives a silent page up
  POLL_ALL_EACH: 5, // each fifth poll asks for everything, to correct what was missed

  start() {
    this.connect();
    setInterval(() => this.watch(), 1000);
    setInterval(() => this.poll(), this.POLL_EVERY);
    for (const name of ["htmx:afterSettle", "htmx:historyRestore"]) {
      document.body.addEventListener(name, () => this.tellShown());
    }
    window.addEventListener("online", () => this.connectSoon(0));
    window.addEventListener("pageshow", (event) => event.persisted && this.connectSoon(0));
    document.body.addEventListener("live:list", () => this.refetchList());
  },

  shown() {
    return [...document.querySelectorAll(this.SHOWN)].map(({ id }) => id);
  },

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  },

  // Some proxies open a socket and let nothing through it: that is as good as none.
  get deaf() {
    return Date.now() > this.deafFrom;
  },

  get asks() {
    return this.failures > 1 || this.deaf;
  },

  connect() {
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    clearTimeout(this.timer);
    const address = new URL(this.element.dataset.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("after", this.feed);
    address.searchParams.set("language", document.documentElement.lang);
    const socket = new WebSocket(address);
    let heard = false;
    this.socket = socket;
    this.deafFrom = Date.now() + this.FIRST_WITHIN * 2 ** Math.min(this.failures, 1);
    socket.onopen = () => {
      this.frames = 0;
      this.told = "";
      this.tellShown();
    };
    socket.onmessage = (event) => {
      this.frames += 1;
      this.failures = 0;
      this.deafFrom = Date.now() + this.SILENCE;
      heard = true;
      this.apply(JSON.parse(event.data));
      if (this.frames % this.CONFIRM_EACH === 0) this.confirm();
      else this.confirming ??= setTimeout(() => this.confirm(), this.CONFIRM_WITHIN);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      if (event.code === this.SIGNED_OUT) {
        this.signedOut = true;
        this.watch();
      }
      this.failed(heard ? 0 : this.failures + 1);
    };
  },

  failed(failures) {
    this.failures = failures;
    this.deafFrom = Infinity;
    this.connectSoon(Math.min(500 * 2 ** failures, failures > 3 ? 30000 : 5000));
  },

  // Another in its place. One that is silent while asking does not help either is kept: it goes on with the server.
  giveUp() {
    const socket = this.socket;
    this.socket = null;
    socket.close();
    this.failed(Math.max(this.failures + 1, 2));
  },

  connectSoon(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), delay * (0.5 + Math.random()));
  },

  confirm() {
    clearTimeout(this.confirming);
    this.confirming = undefined;
    if (this.open) this.socket.send(JSON.stringify({ ack: this.frames }));
  },

  tellShown() {
    if (!this.open) return;
    const ids = this.shown();
    if (ids.join() === this.told) return;
    this.told = ids.join();
    this.socket.send(JSON.stringify({ show: ids, after: this.feed }));
  },

  apply(frame) {
    this.heardAt = Date.now();
    this.signedOut = false;
    if (frame.now) times.skew = Date.parse(frame.now) - Date.now();
    this.watch();
    for (const html of frame.html) if (this.has(html)) this.swap(document.body, html, "none");
    this.feed = Math.max(this.feed, frame.id);
    for (const name of frame.events) htmx.trigger(document.body, `live:${name}`);
    times.tick();
    this.mark();
    this.tellShown();
  },

  // A fragment may come for what another page of the list showed a moment ago.
  has(html) {
    const [, id] = /\sid="([^"]+)"/.exec(html) ?? [];
    return !id || document.getElementById(id) !== null;
  },

  // Where no socket gets through: an address that answers with the same frames.
  async poll() {
    if (!this.asks || this.polling || document.hidden) return;
    this.polling = true;
    this.polls += 1;
    try {
      const address = new URL(this.element.dataset.poll, location.href);
      address.searchParams.set("show", this.shown().join());
      if (this.polls % this.POLL_ALL_EACH) address.searchParams.set("after", this.feed);
      const answer = await fetch(address, { signal: AbortSignal.timeout(10000) });
      this.signedOut = answer.status === 401;
      if (answer.ok) this.apply(await answer.json());
      if (answer.ok && this.deaf) this.giveUp();
    } catch {
      // No answer: the sign says so after a while, and the next poll tries again.
    } finally {
      this.polling = false;
    }
  },

  swap(target, html, swapStyle) {
    htmx.swap(target, html, { swapStyle, swapDelay: 0, settleDelay: 0 });
  },

  async refetchList() {
    if (!document.getElementById("services")) return;
    const asked = location.href;
    const answer = await fetch(asked, { headers: { "HX-Request": "true" } }).catch(() => null);
    const html = answer?.ok && !answer.redirected ? await answer.text() : "";
    if (!html || location.href !== asked) return; // a filter was faster: what came is of the list before it
    this.swap("#services", html, "outerHTML");
    this.tellShown();
  },

  // The sign beside the heading belongs to the server while it is heard, and to us while it is not.
  watch() {
    this.mark();
    const stale = this.signedOut || Date.now() - this.heardAt > this.SILENCE;
    const sign = document.getElementById("worker-sign");
    if (!sign || (stale === Boolean(this.instead) && (!stale || this.instead.isConnected))) return;
    if (stale) {
      this.instead = this.staleSign(sign);
      this.before = sign;
      sign.replaceWith(this.instead);
    } else {
      if (this.instead.isConnected) this.instead.replaceWith(this.before);
      this.instead = null;
    }
  },

  // A page that asks is not live, and does not say so.
  mark() {
    const text = document.querySelector("#worker-sign.is-live > span");
    if (!text) return;
    const { asks } = this;
    text.dataset.own ??= text.textContent;
    const words = asks ? this.element.dataset.polled : text.dataset.own;
    if (text.textContent !== words) text.textContent = words;
    text.parentElement.classList.toggle("is-stale", asks);
  },

  staleSign(sign) {
    const copy = sign.cloneNode(false);
    copy.className = "sign is-stale";
    const text = document.createElement("span");
    text.textContent = this.signedOut ? this.element.dataset.signedOut : this.element.dataset.lost;
    copy.append(text);
    if (this.signedOut) {
      const [href] = document.body.dataset.tokenUrl.split("?"); // there one is asked to sign in
      const textContent = this.element.dataset.signIn;
      copy.append(" ", Object.assign(document.createElement("a"), { textContent, href, target: "_blank", rel: "opener" }));
    } else {
      const since = document.createElement("time");
      since.dataset.lasting = "";
      since.dataset.since = new Date(this.heardAt + times.skew).toISOString();
      copy.append(" ", since);
    }
    return copy;
  },
};

if (live.element) live.start();

// The same message is said once, however many parts of the page asked and were told.
new MutationObserver(() => {
  const said = new Set();
  for (const toast of [...document.querySelectorAll("#messages > .toast")].reverse()) {
    if (said.has(toast.textContent)) toast.remove();
    said.add(toast.textContent);
  }
}).observe(document.getElementById("messages"), { childList: true });
