// Dialogs, menus and messages. Everything works without it, with more clicks.
"use strict";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    document.getElementById(opener.dataset.opens)?.showModal();
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
});

document.addEventListener("submit", (event) => {
  event.target.closest("dialog")?.close();
});

// What was typed into a search field before htmx listened is looked for all the same.
window.addEventListener("load", () => {
  for (const field of document.querySelectorAll("input[type=search]")) {
    const asks = field.value !== field.defaultValue && field.closest("[hx-trigger]");
    if (asks) htmx.trigger(asks, asks === field ? "search" : "change");
  }
});

// Whoever works by keyboard keeps the place: a menu closes by Escape, and what hides the button that was
// pressed hands the focus to its menu.
const keepPlace = (element) => {
  if (element && !element.checkVisibility()) {
    element.closest(".heading-actions")?.querySelector(".menu > summary")?.focus();
  }
};

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("close", (event) => {
  keepPlace(document.querySelector(`[data-opens="${event.target.id}"]`));
}, true);

let pressed = null;
document.addEventListener("submit", (event) => {
  pressed = event.submitter;
});
document.addEventListener("htmx:afterSettle", () => {
  if ([pressed, document.body].includes(document.activeElement)) keepPlace(pressed);
});

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".toast").remove();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!event.target.closest("summary, [data-look]") || !menu.contains(event.target)) menu.open = false;
  }
});

// An answer that htmx does not put into the page (a fault of ours, or none at all) is still said.
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, () => {
    const messages = document.getElementById("messages");
    const toast = document.createElement("p");
    toast.className = "toast error";
    toast.textContent = messages.dataset.failed;
    messages.append(toast);
    setTimeout(() => toast.remove(), 10000);
  });
}

// A form whose answer is a file leaves its page standing: what was typed in it goes.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-empties]")) setTimeout(() => event.target.reset());
});

// A part of the page may be renewed while an answer for it is on its way: the answer goes to what stands there now.
const standsFor = (event) => {
  const asked = event.currentTarget;
  if (event.target === asked && !asked.isConnected) {
    event.detail.target = document.getElementById(asked.id) ?? asked;
  }
};

document.addEventListener("htmx:beforeRequest", (event) => {
  const target = event.detail.target;
  if (target?.id) target.addEventListener("htmx:beforeSwap", standsFor);
});

// What is shown once is the answer to a form: a reload shows the page it belongs to, and does not send the form again.
const once = document.querySelector("[data-instead]");
if (once) history.replaceState(null, "", once.dataset.instead);

// The second click of a double click asks for nothing more, and neither does a press while the answer to a call
// is still on its way.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("button, input")?.form?.method === "post"
    && event.target.closest("[type=submit], button:not([type])")) event.preventDefault();
}, true);

document.addEventListener("submit", (event) => {
  if (!event.target.querySelector(".outcome > [id^='command-']")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// Nor does the second press of a key, or one that is held down: a form goes out again when something was changed in
// it, when it was refused, or a moment later. What a script submits has no submitter.
const MOMENT = 700; // ms
const pressedAt = new WeakMap();

document.addEventListener("keydown", (event) => {
  const control = event.key === "Enter" && event.repeat && event.target.closest("button, input, select");
  if (control && control.form?.method === "post") event.preventDefault();
}, true);

document.addEventListener("input", (event) => {
  if (event.target.form) pressedAt.delete(event.target.form);
}, true);

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = event.detail;
  if (xhr.status >= 400) pressedAt.delete(elt.form ?? elt);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || !event.submitter || form.matches("[data-look]")) return; // two choices are no double press
  if (event.timeStamp - pressedAt.get(form) < MOMENT) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else {
    pressedAt.set(form, event.timeStamp);
  }
}, true);
