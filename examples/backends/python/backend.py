"""A backend of Tidewire in Python, with its standard library alone: a token, a publish, and the events it is asked about."""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

API = os.environ.get("TIDEWIRE_URL", "http://localhost:8080") + "/api"
API_KEY = os.environ["TIDEWIRE_API_KEY"]
TOKEN_SECRET = os.environ["TIDEWIRE_TOKEN_SECRET"]
# What Tidewire shows, so that nobody else can ask these questions.
PROXY_SECRET = os.environ["PROXY_SECRET"]

# Stands for the sessions of your own application.
SESSIONS = {"session-of-ann": {"id": "1", "name": "Ann"}}


def token(user, seconds=600):
    """A token for a connection of `user`: a JWT by HMAC."""
    claims = {"sub": user, "exp": int(time.time()) + seconds}
    signed = b".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(TOKEN_SECRET.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64url(signature)).decode()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def publish(channel, data, key=None):
    """Publishes `data`; with a key it may be asked again after an answer that never came."""
    body = {"channel": channel, "data": data, **({"idempotency_key": key} if key else {})}
    request = urllib.request.Request(
        API + "/publish",
        data=json.dumps(body).encode(),
        headers={"X-API-Key": API_KEY, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        answer = json.load(response)
    if "error" in answer:
        raise RuntimeError(f"{answer['error']['code']}: {answer['error']['message']}")
    return answer["result"]


def connect(_question, cookies):
    """Who is it? Asked for whoever shows no token."""
    person = SESSIONS.get(cookies.get("session"))
    if person is None:
        return {"disconnect": {"code": 4501, "reason": "sign in first"}}
    return {"result": {"user": person["id"], "info": {"name": person["name"]}, "channels": ["news"]}}


def may_publish(question, _cookies):
    """What may be said, and how it is passed on."""
    text = question["data"].get("text") if isinstance(question.get("data"), dict) else None
    if not isinstance(text, str) or not text.strip():
        return {"error": {"code": 422, "message": "text: expected some words"}}
    return {"result": {"data": {"text": text.strip(), "by": question["user"]}}}


def call(question, _cookies):
    if question["method"] == "token":
        return {"result": {"data": {"token": token(question["user"])}}}
    return {"error": {"code": 404, "message": "there is no such call"}}


EVENTS = {"/tidewire/connect": connect, "/tidewire/publish": may_publish, "/tidewire/rpc": call}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        event = EVENTS.get(self.path)
        if event is None:
            return self.answer(404, {})
        if not hmac.compare_digest(self.headers.get("X-Proxy-Secret", ""), PROXY_SECRET):
            return self.answer(403, {})
        pairs = (part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";"))
        cookies = {name: value for name, _, value in pairs}
        return self.answer(200, event(json.loads(body), cookies))

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("BACKEND_PORT", "3000"))), Handler)
    print(f"listening on {server.server_port}", flush=True)
    publish("news", {"text": "the backend has started"})
    server.serve_forever()
