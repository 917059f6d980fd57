#!/usr/bin/env bash
# When Apprise says that a message was sent (2.3).
#
# Expected: what notify() returns can be compared with True, and it is a yes only if the service's answer is one.
# Seen: it is an object that is true in a condition, but neither `is True` nor `== True` after a success, and neither
# `is False` nor `== False` after a failure; and with Gotify, ntfy and Bark any HTTP 200 is a success: the sign-in
# page of a network in between, which none of these servers would send, as well as their own errors in JSON.
set -euo pipefail
apprise=2.3.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check "apprise==$apprise"
cat > look.py <<'PY'
import json, logging, socket, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import apprise

logging.disable(logging.CRITICAL)
PAGE = "<!doctype html><title>Sign in to the network</title>"
ERRORS = {
    "gotify": {"error": "Internal Server Error", "errorCode": 500, "errorDescription": "not stored"},
    "ntfy": {"code": 50001, "http": 500, "error": "internal server error"},
    "bark": {"code": 500, "message": "failed to push: device token is invalid"},
}
now = {}

class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = now["answer"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_PUT = do_POST
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
at = f"127.0.0.1:{server.server_address[1]}"
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    nobody = f"127.0.0.1:{free.getsockname()[1]}"

def told(address):
    hub = apprise.Apprise()
    assert hub.add(address), address
    return hub.notify(title="t", body="b")

print("apprise", apprise.__version__)
wrong = []
def seen(what, found, expected):
    print(f"{what}: {found}")
    if found != expected:
        wrong.append(what)

for name, address in (
    ("gotify", f"gotify://{at}/AbCdEfGhIjKlMnO"),
    ("ntfy", f"ntfy://{at}/topic"),
    ("bark", f"bark://{at}/devicekey"),
):
    for what, answer in (("a sign-in page", PAGE), ("an error in JSON", json.dumps(ERRORS[name]))):
        now["answer"] = answer
        seen(f"{name}, HTTP 200 with {what}", "sent" if told(address) else "not sent", "sent")
now["answer"] = "{}"
good, bad = told(f"json://{at}/"), told(f"json://{nobody}/")
seen("a success: bool, is True, == True", (bool(good), good is True, good == True), (True, False, False))
seen("a failure: bool, is False, == False", (bool(bad), bad is False, bad == False), (False, False, False))
sys.exit(f"changed: {wrong}" if wrong else 0)
PY
env/bin/python look.py
