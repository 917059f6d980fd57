// Charts by uPlot, from an address that answers with columns of numbers (lifecycle/monitoring/charts).
//
// What is drawn stands in the page: each figure names its chart, each <dt> of its values one column, its unit
// and, by its colour, its line. All charts share the cursor, the zoom and the marks.
"use strict";

const AXIS = 58;

const charts = {
  root: document.getElementById("charts"),
  drawn: [], // {figure, plot, keys, units, values, u}
  data: null, // the last answer: for each chart its x in seconds, and columns with null where nothing was seen
  view: null, // what is shown of it: {from, to}
  query: "", // the range that was asked for, without the zoom
  zoomed: false,
  cursor: null, // index of the point that the keyboard reads
  REFRESH: 15000,
  AT_LEAST: 5000, // between two fetches that the feed asks for
  HEIGHT: 190,
  TONES: ["bad", "warn", "info", "start", "rest"],

  start() {
    if (!this.root) return;
    const set = this.root.dataset;
    this.zone = set.zone;
    this.lang = document.documentElement.lang || "en";
    this.clock = this.format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.day = this.format({ day: "numeric", month: "short" });
    this.full = this.format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.query = set.query;
    this.drawn = [...this.root.querySelectorAll("figure[data-chart]")].map((figure) => this.described(figure));
    this.listen();
    const [from, to] = (new URLSearchParams(location.search).get("zoom") ?? "").split("-").map(Number);
    if (to - from >= 120) this.zoom(from, to);
    else this.load(this.query);
    pictures.listens = true;
    for (const { type, target } of pictures.held) {
      if (type === "click") target.click();
      if (type === "submit") target.requestSubmit();
    }
  },

  // What was done with the pictures before these charts were drawn, once more: keys, and the pointer with what it began.
  again() {
    const held = pictures.held ?? [];
    pictures.held = null;
    const last = {};
    for (const event of held) {
      const { type, target, key } = event;
      if (type === "keydown") target.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }));
      if (type === "mousedown") delete last.mouseup;
      last[type] = event;
    }
    const over = last.mousemove?.target.closest(".plot")?.querySelector(".u-over");
    for (const type of over ? ["mousedown", "mousemove", "mouseup"] : []) {
      const { clientX, clientY, button } = last[type] ?? {};
      if (button === 0) over.dispatchEvent(new MouseEvent(type, { clientX, clientY, bubbles: true, movementX: 1 }));
    }
  },

  format(parts) {
    return new Intl.DateTimeFormat(this.lang, { ...parts, timeZone: this.zone });
  },

  described(figure) {
    const terms = [...figure.querySelectorAll("dt[data-series]")];
    return {
      figure,
      plot: figure.querySelector(".plot"),
      name: figure.dataset.chart,
      title: figure.querySelector("strong").textContent,
      stacked: figure.dataset.style === "stack",
      keys: terms.map((term) => term.dataset.series),
      units: terms.map((term) => term.dataset.unit),
      styles: terms.map((term) => term.dataset.style ?? "line"),
      words: terms.map((term) => term.textContent.trim()),
      swatches: terms.map((term) => term.querySelector("i")),
      values: terms.map((term) => term.nextElementSibling),
      at: figure.querySelector("[data-at]"),
      u: null,
    };
  },

  listen() {
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.root.querySelector("form[data-own]")?.addEventListener("submit", (event) => this.ownRange(event));
    document.addEventListener("click", (event) => this.closeDrop(event));
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.closeDrop(event));
    this.root.querySelector("details.as-table")?.addEventListener("toggle", () => this.writeTable());
    for (const one of this.drawn) {
      one.figure.addEventListener("keydown", (event) => this.key(event, one));
      one.plot.addEventListener("blur", () => this.leave());
    }
    new ResizeObserver(() => this.resize()).observe(this.root);
    document.addEventListener("fullscreenchange", () => this.filled());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    if (this.root.dataset.live) {
      document.body.addEventListener(`live:${this.root.dataset.live}`, () => this.news());
    }
    setInterval(() => this.news(this.REFRESH), 1000);
    document.addEventListener("visibilitychange", () => this.news());
  },

  // --- Data ---------------------------------------------------------------------------------------------

  async load(query, { after = null } = {}) {
    this.asking?.abort();
    this.asking = new AbortController();
    const address = new URL(this.root.dataset.url, location.href);
    address.search = query;
    if (after !== null) address.searchParams.set("after", after);
    this.askedAt = Date.now();
    const asking = this.asking;
    this.busy = true;
    try {
      const answer = await fetch(address, { signal: asking.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      if (answer.status !== 204) this.take(await answer.json(), after !== null);
    } catch (fault) {
      if (fault.name === "AbortError") return;
      if (after === null) this.say(this.root.dataset.failed);
    } finally {
      if (asking === this.asking) this.busy = false;
    }
  },

  take(found, more) {
    // All is read anew once nothing is missing any more.
    if (more && this.data?.note && !found.note) return void setTimeout(() => this.load(this.query));
    const data = more && this.data ? this.joined(this.data, found) : found;
    if (more && !this.zoomed) this.view = { from: found.from, to: found.to };
    else if (!more) this.view = { from: found.from, to: found.to };
    this.data = data;
    this.say(data.note);
    this.draw();
    this.writeMarks();
    this.writeTable();
    queueMicrotask(() => this.again()); // once uPlot has its scales
  },

  // What is new, behind what is already there; a span that was still open comes once more.
  joined(old, fresh) {
    const charts = {};
    for (const [name, chart] of Object.entries(fresh.charts)) {
      const before = old.charts[name];
      charts[name] = before?.seconds === chart.seconds ? this.longer(before, chart, fresh.from) : chart;
    }
    return { ...fresh, charts };
  },

  longer(old, fresh, from) {
    const first = fresh.x.length ? fresh.x[0] : Infinity;
    const kept = [...old.x.keys()].filter((at) => old.x[at] < first && old.x[at] + old.seconds > from);
    const columns = {};
    for (const [key, column] of Object.entries(fresh.columns)) {
      columns[key] = [...kept.map((at) => old.columns[key]?.[at] ?? null), ...column];
    }
    return { seconds: fresh.seconds, x: [...kept.map((at) => old.x[at]), ...fresh.x], columns };
  },

  // Only what is new, while somebody looks and the range ends now.
  news(atLeast = this.AT_LEAST) {
    if (this.busy || !this.data?.rolling || this.zoomed || document.hidden || Date.now() - this.askedAt < atLeast) return;
    const last = Object.values(this.data.charts).map(({ x }) => (x.length ? x[x.length - 1] : this.data.to));
    this.load(this.query, { after: Math.floor(Math.min(...last)) });
  },

  // --- Range and zoom -----------------------------------------------------------------------------------

  clicked(event) {
    const link = event.target.closest("a[data-query]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.show(link.dataset.query, link.href);
    }
    if (event.target.closest("[data-zoom-out]")) this.zoomOut();
    if (event.target.closest("[data-full]")) this.fill(event.target.closest("figure"));
  },

  show(query, address) {
    this.query = query;
    this.setZoomed(false);
    history.replaceState(null, "", address);
    for (const other of this.root.querySelectorAll("a[data-query]")) {
      if (other.dataset.query === query) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
    this.load(query);
  },

  // By a click elsewhere, or by Escape, which hands the focus back.
  closeDrop(event) {
    const drop = this.root.querySelector("details.drop[open]");
    if (!drop || (event.type === "click" && drop.contains(event.target))) return;
    drop.open = false;
    if (event.type === "keydown") drop.querySelector("summary").focus();
  },

  ownRange(event) {
    event.preventDefault();
    const given = new FormData(event.target);
    const query = new URLSearchParams({ from: given.get("from"), to: given.get("to") });
    event.target.closest("details")?.removeAttribute("open");
    this.show(query.toString(), `${location.pathname}?${query}#charts`);
  },

  zoom(from, to) {
    if (to - from < 120) return;
    this.view = { from, to };
    this.setZoomed(true);
    for (const { u } of this.drawn) u?.setScale("x", { min: from, max: to });
    const finer = new URLSearchParams({ from: Math.floor(from), to: Math.ceil(to) });
    this.load(finer.toString());
  },

  zoomOut() {
    if (!this.zoomed) return;
    const button = this.root.querySelector("[data-zoom-out]");
    if (document.activeElement === button) this.drawn[0]?.plot.focus();
    this.setZoomed(false);
    this.load(this.query);
  },

  // It stands in the address, too: who gets that sees the same.
  setZoomed(zoomed) {
    this.zoomed = zoomed;
    this.root.querySelector("[data-zoom-out]").hidden = !zoomed;
    const address = new URL(location);
    if (zoomed) address.searchParams.set("zoom", `${Math.floor(this.view.from)}-${Math.ceil(this.view.to)}`);
    else address.searchParams.delete("zoom");
    if (address.href !== location.href) history.replaceState(null, "", address);
  },

  // Half of what is shown, around the point that the keyboard reads or else the middle.
  closer(one) {
    if (!this.view) return;
    const { from, to } = this.view;
    const at = this.cursor === null ? (from + to) / 2 : this.data.charts[one.name].x[this.cursor];
    const begin = Math.min(Math.max(at - (to - from) / 4, from), (from + to) / 2);
    this.zoom(begin, begin + (to - from) / 2);
    this.leave();
  },

  // --- Full screen --------------------------------------------------------------------------------------

  fill(figure) {
    if (document.fullscreenElement) document.exitFullscreen();
    else figure.requestFullscreen?.();
  },

  filled() {
    for (const one of this.drawn) {
      const full = one.figure === document.fullscreenElement;
      one.figure.querySelector("[data-full]").setAttribute("aria-pressed", String(full));
      one.inks = ""; // it is made anew, with letters of another size
    }
    this.draw();
  },

  height({ figure, plot }) {
    return figure === document.fullscreenElement ? plot.clientHeight : this.HEIGHT;
  },

  // --- Drawing ------------------------------------------------------------------------------------------

  draw() {
    if (!this.data) return;
    this.ink = this.inks();
    for (const one of this.drawn) one.figure.hidden = !this.data.charts[one.name];
    for (const one of this.drawn) {
      const chart = this.data.charts[one.name];
      if (!chart) continue;
      const rows = this.rows(one, chart);
      const inks = [...one.swatches.map((swatch) => getComputedStyle(swatch).color), this.margin(one)].join();
      if (one.u && one.inks === inks) one.u.setData(rows);
      else this.make(one, rows, inks);
      this.values(one, null);
    }
  },

  rows(one, { x, columns }) {
    const given = one.keys.map((key) => columns[key] ?? x.map(() => null));
    if (!one.stacked) return [x, ...given];
    // The tallest first, so that the others are drawn over it.
    const sums = given.map((row, index) => row.map((value, at) =>
      value === null ? null : given.slice(0, index + 1).reduce((sum, other) => sum + (other[at] ?? 0), 0)));
    return [x, ...sums.reverse()];
  },

  inks() {
    const names = ["muted", "line", ...this.TONES, ...this.TONES.map((tone) => `soft-${tone}`)];
    const probe = this.drawn[0].plot.appendChild(document.createElement("i")); // where colours are never forced
    const inks = names.map((name) => {
      probe.className = `ink-${name}`;
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return Object.fromEntries(inks);
  },

  make(one, rows, inks) {
    one.u?.destroy();
    one.plot.querySelector(".picture")?.remove();
    one.inks = inks;
    one.u = new uPlot(this.options(one), rows, one.plot);
  },

  options(one) {
    const units = [...new Set(one.units)];
    const scales = Object.fromEntries(units.map((unit) => [unit, { range: (u, low, high) => this.limits(unit, one, low, high) }]));
    const order = one.stacked ? [...one.keys.keys()].reverse() : [...one.keys.keys()];
    return {
      width: Math.max(one.plot.clientWidth, 120),
      height: this.height(one),
      padding: [16, units.length > 1 ? 0 : this.margin(one), 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.zone),
      legend: { show: false },
      cursor: {
        y: false,
        sync: { key: "charts" },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => (this.zoomOut(), null) },
        points: { size: 7 },
      },
      scales: { x: { time: true, range: () => [this.view.from, this.view.to] }, ...scales },
      axes: [this.timeAxis(), ...units.map((unit, index) => this.axis(unit, index))],
      series: [{}, ...order.map((index) => this.line(one, index))],
      hooks: {
        drawClear: [(u) => this.bands(u)],
        draw: [(u) => this.lines(u, one.figure === document.fullscreenElement || one === this.drawn.find((other) => !other.figure.hidden))],
        setCursor: [(u) => this.values(one, u.cursor.idx)],
        setSelect: [(u) => this.selected(u)],
      },
    };
  },

  // Where another chart has an axis at the right, all end below it, so that their marks stand in one line.
  margin(one) {
    const wide = one.plot.clientWidth > 480 && this.drawn.some((other) => !other.figure.hidden && new Set(other.units).size > 1);
    return wide ? AXIS : 28; // half of a date below the last line
  },

  limits(unit, one, low, high) {
    if (one.figure.dataset.floor) {
      // A little below the lowest, so that one bad hour is seen and a quiet line is not at the very top.
      const floor = low === null ? 99 : Math.min(99, Math.floor(low));
      return [Math.max(floor, 0), 100];
    }
    return [0, high ? high * 1.08 : unit === "B" ? 1048576 : unit === "%" ? 1 : 10];
  },

  line(one, index) {
    const colour = getComputedStyle(one.swatches[index]).color;
    const bars = one.stacked || one.styles[index] === "bars";
    const common = { scale: one.units[index], stroke: colour, label: one.words[index] };
    if (bars) return { ...common, fill: colour, width: 0, paths: uPlot.paths.bars({ size: [0.86, 40], align: 1 }), points: { show: false } };
    const alone = (u, at, show, gaps) => this.isolated(u.data[at]);
    return { ...common, width: one.styles[index] === "strong" ? 2 : 1.25, points: { show: false, filter: alone, size: 4, fill: colour } };
  },

  // Points without neighbours, which no line would show.
  isolated(column) {
    const found = [...column.keys()].filter((at) => column[at] !== null && (column[at - 1] ?? null) === null && (column[at + 1] ?? null) === null);
    return found.length ? found : null;
  },

  timeAxis() {
    return {
      stroke: this.ink.muted, font: this.font(), size: 44, space: 64,
      grid: { show: false }, ticks: { stroke: this.ink.line, width: 1, size: 5 },
      values: (u, splits, axis, space, step) => splits.map((at, index) => this.tick(at, splits[index - 1], step)),
    };
  },

  tick(at, before, step) {
    const date = this.day.format(at * 1000);
    if (step >= 86400) return date;
    const time = this.clock.format(at * 1000);
    return before === undefined || this.day.format(before * 1000) !== date ? `${time}\n${date}` : time;
  },

  axis(unit, index) {
    return {
      scale: unit, side: index ? 1 : 3, stroke: this.ink.muted, font: this.font(), size: AXIS, gap: 6,
      grid: { show: index === 0, stroke: this.ink.line, width: 1 }, ticks: { show: false },
      values: (u, splits) => splits.map((value) => this.number(value, unit, true)),
    };
  },

  font() {
    return `${document.fullscreenElement ? 15 : 11}px ${getComputedStyle(this.root).fontFamily}`;
  },

  number(value, unit, short = false) {
    if (value === null || value === undefined) return "–";
    const plain = (number, digits) => number.toLocaleString(this.lang, { maximumFractionDigits: digits });
    switch (unit) {
      case "ms": return value >= 1000 ? `${plain(value / 1000, 2)} s` : `${plain(value, value < 10 ? 1 : 0)} ms`;
      case "%": return `${plain(Math.floor(value * 1000) / 1000, short ? 2 : 3)} %`;
      case "B": return value >= 1073741824 ? `${plain(value / 1073741824, 1)} GB` : `${plain(value / 1048576, short ? 0 : 1)} MB`;
      default: return plain(value, 2);
    }
  },

  bands(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const mark of this.data.marks.filter((one) => one.band)) {
      const [left, right] = this.edges(u, mark);
      ctx.fillStyle = this.ink[`soft-${mark.tone}`];
      ctx.fillRect(left, bbox.top, Math.max(right - left, 2 * devicePixelRatio), bbox.height);
    }
    ctx.restore();
  },

  edges(u, mark) {
    return [u.valToPos(mark.from, "x", true), u.valToPos(mark.to ?? this.data.to, "x", true)];
  },

  lines(u, withWords) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(this.root).fontFamily}`;
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    let free = bbox.left;
    for (const mark of this.data.marks) {
      const [left, right] = this.edges(u, mark);
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = this.ink[mark.tone];
      if (!mark.band) {
        ctx.beginPath();
        ctx.moveTo(left, bbox.top);
        ctx.lineTo(left, bbox.top + bbox.height);
        ctx.stroke();
      }
      if (withWords) free = this.word(ctx, bbox, mark, Math.max(left, bbox.left), free);
    }
    ctx.restore();
  },

  // Above its mark, if there is room beside the words of the one before it.
  word(ctx, bbox, mark, left, free) {
    const width = ctx.measureText(mark.word).width;
    const at = Math.min(left, bbox.left + bbox.width - width);
    if (at < free) return free;
    ctx.fillText(mark.word, at, bbox.top - 3 * devicePixelRatio);
    return at + width + 10 * devicePixelRatio;
  },

  selected(u) {
    const { left, width } = u.select;
    if (width < 8) return;
    const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.zoom(from, to);
  },

  resize() {
    for (const one of this.drawn) {
      const [{ u }, width, height] = [one, one.plot.clientWidth, this.height(one)];
      if (u && width && (u.width !== width || u.height !== height)) u.setSize({ width, height });
    }
  },

  // --- Words --------------------------------------------------------------------------------------------

  // The values at the cursor, or the latest.
  values(one, index) {
    const chart = this.data?.charts[one.name];
    if (!chart) return;
    const at = index ?? this.latest(chart);
    one.keys.forEach((key, n) => (one.values[n].textContent = this.number(chart.columns[key]?.[at], one.units[n])));
    one.at.textContent = at < 0 ? "" : this.full.format(chart.x[at] * 1000);
  },

  latest({ x, columns }) {
    const rows = Object.values(columns);
    for (let at = x.length - 1; at >= 0; at--) if (rows.some((row) => row[at] !== null)) return at;
    return -1;
  },

  key(event, one) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": () => this.closer(one), "-": () => this.zoomOut(), f: () => this.fill(one.figure) }[event.key];
    if (act) act();
    else if (event.key === "Escape" && document.fullscreenElement) document.exitFullscreen();
    else if (event.key === "Escape" && this.cursor !== null) this.leave();
    if (act || !this.step(event, one)) return;
    event.preventDefault();
    this.point(one);
  },

  // From point to point: whether the key was one for that.
  step(event, one) {
    const x = this.data?.charts[one.name]?.x ?? [];
    const [first, last] = [Math.max(x.findIndex((at) => at >= this.view?.from), 0), x.findLastIndex((at) => at <= this.view?.to)];
    const now = this.cursor ?? last + 1;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: first, End: last }[event.key];
    if (to === undefined || !x.length) return false;
    this.cursor = Math.max(Math.min(to, last), first);
    return true;
  },

  point(one) {
    const { x: all, seconds } = this.data.charts[one.name];
    const x = all[this.cursor];
    for (const { u, figure } of this.drawn) if (u && !figure.hidden) u.setCursor({ left: u.valToPos(x, "x"), top: 10 });
    this.values(one, this.cursor);
    const said = one.words.map((word, n) => `${word} ${one.values[n].textContent}`);
    const marks = this.data.marks.filter((mark) => mark.from < x + seconds && (mark.band ? mark.to ?? this.data.to : mark.from) >= x);
    this.root.querySelector("[data-spoken]").textContent = [`${one.at.textContent}: ${said.join(", ")}`, ...marks.map((mark) => mark.text)].join(". ");
  },

  leave() {
    this.cursor = null;
    for (const { u } of this.drawn) u?.setCursor({ left: -10, top: -10 });
  },

  say(text) {
    const said = this.root.querySelector("[data-said]");
    said.textContent = text;
    said.hidden = !text;
  },

  writeMarks() {
    const list = this.root.querySelector("[data-marks]");
    if (!list) return;
    list.replaceChildren(...this.data.marks.slice(-12).reverse().map((mark) => {
      const line = document.createElement("li");
      const time = document.createElement("time");
      time.dateTime = new Date(mark.from * 1000).toISOString();
      time.textContent = this.full.format(mark.from * 1000);
      line.className = `tone-${mark.tone}`;
      line.append(time, " ", mark.text);
      return line;
    }));
    list.hidden = !this.data.marks.length;
  },

  writeTable() {
    const details = this.root.querySelector("details.as-table");
    if (!details?.open || !this.data) return;
    const shown = this.drawn.filter((one) => this.data.charts[one.name]);
    const cell = (tag, text, scope) => {
      const made = document.createElement(tag);
      made.textContent = text;
      if (scope) made.scope = scope;
      return made;
    };
    const head = document.createElement("tr");
    head.append(cell("th", details.dataset.time, "col"));
    for (const one of shown) head.append(...one.words.map((word) => cell("th", `${one.title}: ${word}`, "col")));
    const times = [...new Set(shown.flatMap((one) => this.data.charts[one.name].x))].sort((a, b) => b - a);
    const body = times.map((x) => {
      const row = document.createElement("tr");
      row.append(cell("th", this.full.format(x * 1000), "row"));
      for (const one of shown) {
        const { x: own, columns } = this.data.charts[one.name];
        const at = own.indexOf(x);
        row.append(...one.keys.map((key, n) => cell("td", this.number(columns[key]?.[at], one.units[n]))));
      }
      return row;
    });
    details.querySelector("thead").replaceChildren(head);
    details.querySelector("tbody").replaceChildren(...body);
  },
};

charts.start();
