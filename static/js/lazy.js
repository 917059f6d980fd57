// A script that few pages need comes when what it is for comes near the window.
"use strict";

const scripts = {}; // those that are here, or on their way

const bring = (src) => {
  scripts[src] ??= document.head.appendChild(Object.assign(document.createElement("script"), { src }));
  return scripts[src];
};

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    bring(target.dataset.script);
  }
}, { rootMargin: "200px" });

const askFor = () => {
  for (const element of document.querySelectorAll("[data-script]")) {
    if (!scripts[element.dataset.script]) near.observe(element);
  }
};

askFor();
document.addEventListener("htmx:afterSettle", askFor); // what is brought later may need one too

// Likewise the stylesheet of a part that is brought when somebody opens it: until then its link is disabled.
document.addEventListener("htmx:beforeRequest", (event) => {
  const sheet = document.getElementById(event.detail.elt.dataset.sheet);
  if (sheet) sheet.disabled = false;
});

// Those that each page may need come with the first thing that somebody does with what they are for: the tips of bars,
// which find here where the pointer is by then, and the choices of how everything looks.
const { bars: BARS, look: LOOK } = document.getElementById("live")?.dataset ?? {};
let pointed = null;

const notice = (event) => {
  if (!pointed && !event.target.closest?.(".beats, .days")) return;
  if (!pointed) bring(BARS);
  pointed = event;
};

for (const type of ["pointermove", "pointerdown"]) document.addEventListener(type, notice); // a finger only presses

for (const type of ["submit", "change"]) {
  document.addEventListener(type, (event) => {
    const { target, submitter } = event;
    const control = target.matches("[data-look-choice]") ? target : target.matches("[data-look]") && submitter;
    if (!control?.name) return;
    event.preventDefault();
    const keep = () => look.keep(control.form, control);
    if (typeof look !== "undefined" && look.keep) keep(); // else it is at most the form of that id
    else bring(LOOK).addEventListener("load", keep);
  });
}
