// Keeps a person's place and work while parts of the page are renewed: the focus, what was typed, what was opened.
//
// Whatever swaps a part, it takes elements out and puts others in; those that stand for the same thing are known
// by their ids, and the controls inside them by what they are.
"use strict";

const keeping = {
  CONTROLS: "a[href], button, input, select, textarea, summary, [tabindex]",
  place: null, // where the focus was last: the ids around it, the innermost first, and what it was

  placeOf(element) {
    const around = [];
    for (let at = element; at; at = at.parentElement?.closest("[id]")) if (at.id) around.push(at.id);
    return { element, around, mark: this.markOf(element), index: this.indexOf(element) };
  },

  markOf(element) {
    const { tagName, name, value, type, rel } = element;
    return [tagName, name, type === "checkbox" || type === "hidden" ? value : "", rel, element.getAttribute("aria-label")].join("|");
  },

  indexOf(element) {
    const home = element.closest("[id]");
    return home ? this.controls(home).indexOf(element) : -1;
  },

  controls(home) {
    return [home, ...home.querySelectorAll(this.CONTROLS)].filter((one) => one.matches(this.CONTROLS));
  },

  // The same control in what stands there now; else the part that says that it may have the focus; else the innermost
  // part that is still there: who goes on by keyboard goes on from there, and not from the top.
  restore() {
    const { place } = this;
    if (!place || place.element.isConnected || ![document.body, null].includes(document.activeElement)) return;
    const homes = place.around.map((id) => document.getElementById(id)).filter(Boolean);
    const found = this.same(place) ?? homes.find((home) => home.matches("[data-keeps-focus]")) ?? this.standIn(homes);
    found?.focus({ preventScroll: true });
  },

  standIn(homes) {
    const home = homes.find((one) => one.checkVisibility());
    if (home && !home.matches(this.CONTROLS)) home.tabIndex = home.dataset.standsIn = -1;
    return home;
  },

  // Never a control of something else: it has to be alone of its kind, or at the same place of the same part.
  same({ around, mark, index }) {
    for (const id of around) {
      const home = document.getElementById(id);
      const controls = home ? this.controls(home) : [];
      const alike = controls.filter((one) => this.markOf(one) === mark);
      if (alike.length === 1) return alike[0];
      if (id === around[0] && alike.includes(controls[index])) return controls[index];
    }
    return undefined;
  },

  // Typed text, opened details and answers, from what was taken out to what has come in its place.
  carry(old) {
    for (const before of [old, ...old.querySelectorAll("[data-keep]")]) {
      if (!before.matches?.("[data-keep]")) continue;
      const after = document.getElementById(before.id);
      if (!after || after === before) continue;
      if (before.matches("details")) after.open ||= before.open;
      else if (before.matches("textarea, input")) this.carryText(before, after);
      else if (!after.hasChildNodes()) this.carryNodes(before, after);
    }
  },

  carryText(before, after) {
    if (before.value === before.defaultValue) return;
    after.value = before.value;
    after.setSelectionRange(before.selectionStart, before.selectionEnd);
  },

  carryNodes(before, after) {
    const nodes = [...before.childNodes];
    after.append(...nodes);
    const element = this.place?.element; // an element that moves loses the focus
    if (document.activeElement === document.body && after.contains(element)) element.focus({ preventScroll: true });
    for (const node of nodes) if (node.nodeType === Node.ELEMENT_NODE) htmx.process(node);
  },
};

document.addEventListener("focusin", (event) => {
  keeping.place = keeping.placeOf(event.target);
});
new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.removedNodes) if (node.nodeType === Node.ELEMENT_NODE) keeping.carry(node);
  }
  keeping.restore();
}).observe(document.body, { childList: true, subtree: true });

// What acts when it is let go, by mouse or space bar, may be renewed between the two: what stands in its place then was meant.
const press = {
  ACTS: "button, summary, input",
  place: null, // where it began
  clicked: null,

  begin(event, controls) {
    const control = event.target.closest(controls);
    this.place = control && keeping.placeOf(control);
  },

  end(event) {
    const { place } = this;
    this.place = this.clicked = null;
    if (!place || place.element.isConnected) return;
    const control = keeping.same(place);
    if (control?.contains(event.target)) setTimeout(() => this.clicked === control || control.click()); // some browser may have done so by itself
  },
};

document.addEventListener("mousedown", (event) => event.button || event.ctrlKey || event.metaKey || press.begin(event, keeping.CONTROLS), true);
document.addEventListener("mouseup", (event) => event.button || press.end(event), true);
document.addEventListener("keydown", (event) => event.key !== " " || event.repeat || press.begin(event, press.ACTS), true);
document.addEventListener("keyup", (event) => event.key !== " " || press.end(event), true);
document.addEventListener("click", (event) => {
  press.clicked = event.target.closest(keeping.CONTROLS);
}, true);

// What is brought once stays when the part around it is renewed: it was carried over, and is not asked for again.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (elt.matches("[data-once]") && elt.hasChildNodes()) event.preventDefault();
});
