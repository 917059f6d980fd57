// Enter in the search field searches at once; it does not send the form around it.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-stays-in-form]")) event.preventDefault();
});
