// A session that ends below an open page: nothing that was typed is lost, and the page goes on once somebody has
// signed in beside it.
"use strict";

const session = {
  asking: null, // a form that waits for the answer
  sending: null, // one that may go

  // Who is signed in gets a token; who is not, what a fragment's request is told.
  async ask() {
    const answer = await fetch(document.body.dataset.tokenUrl, { headers: { "HX-Request": "true" } }).catch(() => null);
    return answer?.ok ? { over: answer.redirected, text: await answer.text() } : {};
  },

  // Who signed in again has another token than the page was made with: the page asks for it, and its forms go on.
  async renew() {
    const { over, text } = await this.ask();
    if (over !== false) return;
    const { token } = JSON.parse(text);
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) {
      input.value = token;
      pressedAt.delete(input.form); // the press before this one did nothing
    }
    document.querySelector("[data-session-ended]")?.remove();
    if (live.signedOut) live.connectSoon(0);
  },

  // A form whose answer is a new page would leave what was typed behind: it goes once somebody is signed in.
  async send(form, submitter) {
    this.asking = form;
    const { over, text } = await this.ask();
    pressedAt.delete(form);
    this.asking = null;
    this.sending = form;
    if (over) htmx.swap("#messages", text, { swapStyle: "beforeend" });
    else form.requestSubmit(submitter?.form === form ? submitter : null);
    this.sending = null;
  },

  holds(form) {
    return form.method === "post" && form.closest("[data-token-url] main")
      && !form.matches("[hx-post], [data-empties], [data-passkey]");
  },
};

document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (event.defaultPrevented || session.sending === target || !session.holds(target)) return;
  event.preventDefault();
  if (session.asking !== target) session.send(target, submitter);
});
document.addEventListener("stale-token", () => session.renew());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && (live.signedOut || document.querySelector("[data-session-ended]"))) session.renew();
});
