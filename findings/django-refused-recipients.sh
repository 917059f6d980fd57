#!/usr/bin/env bash
# Django's SMTP backend counts a mail as sent although the server refused one of its two recipients: smtplib returns
# who was refused, and Django drops that. Nobody learns that bob got nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet django==5.2.19 aiosmtpd==1.4.6
cat > "$folder/look.py" <<'PY'
import smtplib
import socket

import django
from aiosmtpd.controller import Controller
from django.conf import settings
from django.core.mail import EmailMessage, get_connection


class Server:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("bob@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=free.getsockname()[1])
django.setup()
controller = Controller(Server(), hostname="127.0.0.1", port=settings.EMAIL_PORT)
controller.start()
try:
    to = ["ann@example.org", "bob@example.org"]
    sent = EmailMessage("hello", "text", "me@example.org", to, connection=get_connection()).send()
    with smtplib.SMTP("127.0.0.1", settings.EMAIL_PORT) as client:
        refused = client.sendmail("me@example.org", to, "Subject: hello\r\n\r\ntext")
finally:
    controller.stop()
print(f"Django {django.__version__}: send() of one mail to two, one of them refused, returns {sent}, raises nothing")
print(f"smtplib: sendmail() returns {refused}")
raise SystemExit(0 if sent == 1 and list(refused) == ["bob@example.org"] else 1)
PY
"$folder/venv/bin/python" "$folder/look.py"
