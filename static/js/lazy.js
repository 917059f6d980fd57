// A script that few pages need, such as that of the charts, comes when what it is for comes near the window.
"use strict";

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    document.head.append(Object.assign(document.createElement("script"), { src: target.dataset.script }));
  }
}, { rootMargin: "200px" });

const asked = new Set(); // the scripts that are here, or on their way

const askFor = () => {
  for (const element of document.querySelectorAll("[data-script]")) {
    if (asked.has(element.dataset.script)) continue;
    asked.add(element.dataset.script);
    near.observe(element);
  }
};

askFor();
document.addEventListener("htmx:afterSettle", askFor); // what is brought later may need one too

// Likewise the stylesheet of a part that is brought when somebody opens it: until then its link is disabled.
document.addEventListener("htmx:beforeRequest", (event) => {
  const sheet = document.getElementById(event.detail.elt.dataset.sheet);
  if (sheet) sheet.disabled = false;
});
