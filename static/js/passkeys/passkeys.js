// Passkeys: a form that asks the console what to sign, has the browser sign it, and sends the answer.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button[type=submit]");

  const say = (name) => {
    for (const line of form.querySelectorAll("[data-passkey-problem]")) {
      line.hidden = line.dataset.passkeyProblem !== name;
    }
  };

  const options = async () => {
    const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
    const found = answer.ok && !answer.redirected ? await answer.json() : null;
    if (!found?.publicKey) throw new DOMException("no options", "NetworkError");
    return found.publicKey;
  };

  const asked = async () => {
    const wanted = await options();
    if (form.dataset.passkey === "create") {
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(wanted) });
    }
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(wanted) });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) return say("old");
    button.disabled = true;
    try {
      form.elements.credential.value = JSON.stringify((await asked()).toJSON());
      form.submit();
    } catch (error) {
      button.disabled = false;
      const known = { InvalidStateError: "known", NetworkError: "away", TypeError: "away" };
      say(known[error.name] ?? "refused");
    }
  });
}
