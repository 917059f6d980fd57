// Dialogs, and a chosen file read into its text field. Everything works without it, with more clicks.
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

document.addEventListener("change", async (event) => {
  const target = document.getElementById(event.target.dataset?.readsInto ?? "");
  const file = event.target.files?.[0];
  if (!target || !file) return;
  if (file.size > Number(event.target.dataset.limit)) {
    target.setCustomValidity("");
    return; // The server says that it is too large, and how large it may be.
  }
  target.value = await file.text();
  event.target.value = "";
});
