// Theme, density, shortcuts, navigation's width: changed at once and without a reload, so that no form is lost. A language or
// a time zone takes a new page: at once where nothing was typed, else with the next one.
"use strict";

const look = {
  typedIn(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (!field.options) return field.type !== "hidden" && field.value !== field.defaultValue;
    const options = [...field.options];
    return options.some(({ defaultSelected }) => defaultSelected)
      ? options.some(({ selected, defaultSelected }) => selected !== defaultSelected)
      : !field.multiple && field.selectedIndex > 0;
  },

  showAnew(notice) {
    const fields = document.querySelectorAll("main :is(input, select, textarea)");
    if (![...fields].some(this.typedIn)) {
      location.reload();
      return;
    }
    const toast = Object.assign(document.createElement("p"), { className: "toast", textContent: notice });
    document.getElementById("messages").append(toast);
    setTimeout(() => toast.remove(), 10000);
  },

  async keep(form, control) {
    const { name, value } = control;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.set(name, value);
    const notice = control.closest("[data-anew]")?.dataset.anew;
    if (!notice) document.documentElement.dataset[name] = value;
    for (const other of document.querySelectorAll(`button[form="look"][name="${name}"], #look button[name="${name}"]`)) {
      other.setAttribute("aria-pressed", String(name === "side" ? value === "narrow" : other === control));
    }
    if (name === "side") control.value = value === "wide" ? "narrow" : "wide";
    const sent = fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" }, keepalive: true });
    const answer = await sent.catch(() => null);
    if (notice && answer?.ok) this.showAnew(notice);
  },

  // The zone that this machine has, offered once the menu is there.
  offerZone() {
    const here = document.querySelector("[data-zone-here][hidden]");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!here || !zone) return;
    here.value = zone;
    here.textContent += ` (${zone})`;
    here.setAttribute("aria-pressed", String(here.dataset.zoneHere === zone));
    here.hidden = false;
  },
};

// It came with the menu, or with the first choice, which lazy.js gives it.
look.offerZone();
document.addEventListener("htmx:afterSettle", () => look.offerZone());
