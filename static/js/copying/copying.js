"use strict";
/* A button with data-copies puts the text of that element into the clipboard, and says so. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  const source = button && document.getElementById(button.dataset.copies);
  if (!source) return;
  const usual = button.dataset.usual || button.textContent;
  button.dataset.usual = usual;
  let copied = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    /* Without HTTPS there is no clipboard: select it, and try the old way. */
    getSelection().selectAllChildren(source);
    copied = document.execCommand("copy");
  }
  button.textContent = copied ? button.dataset.done : button.dataset.failed;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => { button.textContent = usual; }, 2500);
});
