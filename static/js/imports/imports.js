// A dropped or chosen file is read into the text field, if it is not too large; a saving that was cut off goes on.
"use strict";

const importing = {
  form: document.getElementById("import-document"),
  text: document.getElementById("id_text"),
  depth: 0, // dragenter and dragleave come for each element inside

  say(problem) {
    const line = document.getElementById("file-problem");
    line.textContent = problem;
    line.hidden = !problem;
  },

  // Secret values that stand locked in a document come on top of what it may have.
  tooLarge(name, size, text = "") {
    const { limit, most } = this.form.dataset;
    const bundle = /\.(mcpb|dxt)$/i.test(name);
    const too = size > Number(bundle || text.includes('"sealed"') ? most : limit);
    this.say(too ? `${name} ${this.form.dataset.tooLarge}` : "");
    return too;
  },

  async read(file) {
    if (/\.(mcpb|dxt)$/i.test(file?.name ?? "")) return this.form.requestSubmit(); // an archive, and no text
    if (!file || this.tooLarge(file.name, file.size, '"sealed"')) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const wide = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[(bytes[0] << 8) | bytes[1]];
    let text;
    try {
      text = new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes);
    } catch {
      return this.form.requestSubmit(); // the server says what is wrong with it
    }
    if (this.tooLarge(file.name, file.size, text)) return;
    this.text.value = text;
    document.getElementById("id_file").value = "";
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  },

  over(by) {
    this.depth = Math.max(this.depth + by, 0);
    this.form.classList.toggle("dropping", this.depth > 0);
  },
};

for (const [name, by] of [["dragenter", 1], ["dragleave", -1]]) {
  importing.form.addEventListener(name, (event) => {
    if (event.dataTransfer.types.includes("Files")) importing.over(by);
  });
}
importing.form.addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
importing.form.addEventListener("drop", (event) => {
  const [file] = event.dataTransfer.files;
  importing.depth = 0;
  importing.over(0);
  if (!file) return;
  event.preventDefault();
  const picked = new DataTransfer();
  picked.items.add(file);
  document.getElementById("id_file").files = picked.files;
  importing.read(file);
});
document.getElementById("id_file").addEventListener("change", (event) => importing.read(event.target.files[0]));

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target !== importing.form) return;
  const [file] = document.getElementById("id_file").files;
  const text = file ? "" : importing.text.value;
  const size = file ? file.size : new Blob([text]).size;
  const { parameters } = event.detail;
  if (importing.tooLarge(file?.name ?? importing.form.querySelector("label").textContent, size, text)) event.preventDefault();
  // Both together would be cut off; what was said to the document before is then asked for again.
  if (size + (parameters.get?.("sealed") ?? parameters.sealed ?? "").length > Number(importing.form.dataset.most)) {
    if (parameters.delete) parameters.delete("sealed");
    else delete parameters.sealed;
  }
});

// The next portion was not answered: it is asked for again, since what is saved already is not saved twice.
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, (event) => {
    if (event.target.id !== "import-going") return;
    setTimeout(() => event.target.isConnected && event.target.requestSubmit(), 3000);
  });
}

// Whoever works by keyboard is led to what comes next where the button that was pressed went away.
importing.pressed = false;
document.addEventListener("submit", (event) => {
  importing.pressed ||= event.target.id === "import-form";
});
document.addEventListener("htmx:afterSettle", () => {
  if (!importing.pressed || !document.activeElement.matches("body, [data-stands-in]")) return;
  const next = document.querySelector("#preview :is(.to-mend input, .asks input, #import-remove, #import-save:enabled, .saved a.button)");
  importing.pressed = !next;
  next?.focus();
});
