// A form that was refused says what is wrong beside each field, and goes to the first of them.
"use strict";

const refusal = {
  show(errors) {
    this.clear(errors.closest("form"));
    const fields = [...errors.querySelectorAll("li[data-field]")].map((line) => this.mark(line)).filter(Boolean);
    const first = fields[0] ?? errors.querySelector(".problem");
    first?.focus({ preventScroll: true });
    first?.scrollIntoView({ block: "center" });
  },

  clear(form) {
    for (const list of form.querySelectorAll(".errorlist")) list.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  },

  mark(line) {
    const { field: id, said } = line.dataset;
    const element = document.getElementById(id) ?? document.getElementById(`${id}_0`);
    const place = element?.closest(".field, .check");
    if (!place) return null;
    let list = document.getElementById(`${id}_error`);
    if (!list) {
      list = Object.assign(document.createElement("ul"), { id: `${id}_error`, className: "errorlist" });
      place.append(list);
    }
    list.append(Object.assign(document.createElement("li"), { textContent: said }));
    for (const details of this.around(element)) details.open = true;
    const control = element.matches("input, select, textarea") ? element : element.querySelector("input, select, textarea");
    control?.setAttribute("aria-invalid", "true");
    control?.setAttribute("aria-errormessage", list.id);
    return control;
  },

  *around(element) {
    for (let at = element.closest("details"); at; at = at.parentElement.closest("details")) yield at;
  },
};

document.addEventListener("htmx:afterSwap", () => {
  const errors = document.getElementById("form-errors");
  if (errors?.querySelector(".problem:not([data-shown])")) {
    errors.querySelector(".problem").dataset.shown = "";
    refusal.show(errors);
  }
});
