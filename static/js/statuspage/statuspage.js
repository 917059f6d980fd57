"use strict";
/* Brings what is new without a flash: the page asks for itself, and changes only where it differs. */
const EVERY = 30_000;
let mark = "";

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { credentials: "omit", headers: mark ? { "If-None-Match": mark } : {} });
    if (!answer.ok) return;
    mark = answer.headers.get("ETag") || "";
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    const here = document.getElementById("main");
    if (!fresh || fresh.innerHTML === here.innerHTML) return;
    here.replaceWith(document.importNode(fresh, true));
  } catch { /* The page stays as it is; the next time may do. */ }
}

setInterval(renew, EVERY);
document.addEventListener("visibilitychange", renew);
