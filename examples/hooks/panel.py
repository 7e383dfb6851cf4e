"""What the hooks of the three panels share: the call, the credentials, HTTPS, and the order of a step.

A panel's script gives `run` a class that knows how to read the state of an account and how to ask for a step.
The state is read before anything is asked (so that a step may be repeated), and again afterwards: what counts
is what has become of the account, not what the panel answered.
"""

import argparse
import configparser
import http.client
import os
import re
import ssl
import stat
import sys
import urllib.error
import urllib.parse
import urllib.request

DONE, FAILED, ALREADY = 0, 1, 10
WANTED = {"suspend": "suspended", "reinstate": "active", "terminate": "terminated"}
# a list of users is the longest answer that is read
ANSWER_MAX = 8_000_000


class Failed(Exception):
    """Why a step was not done, in one line."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another place."""

    def redirect_request(self, *_):
        return None


class Panel:
    """One panel: its address, its credentials, and the account in question."""

    NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")

    def __init__(self, folder):
        self.server = os.environ.get("KONET_SERVER", "")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.server):
            raise Failed(f"the service's `server` is `{self.server}`, which names no panel; fill in that column")
        self.file = os.path.join(folder, self.server + ".conf")
        self.settings = read_settings(self.file)
        self.token = self.setting("token")
        self.url = checked_url(self.setting("url"), self.file)
        try:
            self.timeout = float(self.settings.get("timeout", "100"))
            # one authority of one's own instead of the system's; without checking nothing is ever sent
            own = self.settings.get("ca_file")
            # without TLS no authority is asked, and reading all of the system's takes longer than the question
            asked = own is not None or self.url.startswith("https:")
            context = ssl.create_default_context(cafile=own) if asked else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        except (ValueError, OSError) as error:
            raise Failed(f"`timeout` or `ca_file` in `{self.file}` cannot be used: {error}") from None
        https = urllib.request.HTTPSHandler(context=context)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect, https)
        self.account = self.account_name()

    def setting(self, key):
        value = self.settings.get(key, "").strip()
        if not value:
            raise Failed(f"`{key}` is missing in `{self.file}`")
        return value

    def account_name(self):
        name = os.environ.get("KONET_ACCOUNT", "")
        if not self.NAME.fullmatch(name) or name in ("root", "admin"):
            raise Failed(f"the service's `account` is `{name}`, which is no account's name; fill in that column")
        return name

    def check_reason(self):
        """Fails where a payment must not lift the suspension. Most panels do not tell why an account is suspended."""

    def ask(self, path, headers, query=None, body=None):
        """One request; gives the text of the answer to it."""
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, data=body, headers={"User-Agent": "konet-billing", **headers})
        try:
            with self.opener.open(request, timeout=self.timeout) as answer:
                code, text = answer.status, answer.read(ANSWER_MAX).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            advice = {401: "the user or the token", 403: "the rights of the token"}.get(error.code, "the panel's log")
            raise Failed(f"{self.url} answered HTTP {error.code} to {path}; look at {advice}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = getattr(error, "reason", None) or error or type(error).__name__
            raise Failed(f"{self.url} cannot be asked: {why}; look at the network and at `{self.file}`") from None
        if code != 200:
            raise Failed(f"{self.url} answered HTTP {code} to {path}; look at the panel's log")
        if text.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
            raise Failed(f"{self.url} answered {path} with a page instead of data; look at the url and the token")
        return text


def read_settings(file):
    try:
        with open(file, encoding="utf-8") as opened:
            status = os.fstat(opened.fileno())
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise Failed(f"`{file}` holds a token and is not yours alone; chown it to who runs this, chmod 600")
            settings = configparser.RawConfigParser()
            settings.read_string("[panel]\n" + opened.read())
            return dict(settings["panel"])
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise Failed(f"`{file}` cannot be read: {why}; each server has a file of its name there") from None
    except configparser.Error:
        # the parser's own words would repeat the line, and with it perhaps the token
        raise Failed(f"`{file}` is not a list of lines `key = value`") from None


def checked_url(url, file):
    parts = urllib.parse.urlsplit(url)
    # a test stub on this machine needs no certificate
    allowed = parts.scheme == "https" or parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not allowed:
        raise Failed(f"`url` in `{file}` must begin with https:// (http:// is for this machine itself)")
    if not parts.hostname or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Failed(f"`url` in `{file}` must be like https://panel.example:2087 and no more")
    return url.rstrip("/")


def step(panel, action):
    """Does one step; gives the exit status."""
    before = panel.state()
    if action == "state":
        print(before)
        return DONE
    if before == WANTED[action]:
        return ALREADY
    if before == "terminated":
        raise Failed("there is no such account there; look at the service's `account` and `server`")
    if action == "terminate" and before == "active" and panel.settings.get("terminate_active") != "yes":
        raise Failed("the account is active there, and only a suspended one is deleted; find out who switched it on")
    if action == "reinstate":
        panel.check_reason()
    answer = "the panel said that it was done"
    try:
        panel.do(action)
    except Failed as error:
        # it may have been done all the same
        answer = str(error)
    after = panel.state()
    if after != WANTED[action]:
        raise Failed(f"the account is still {after}: {answer}")
    return DONE


def run(kind):
    """The whole script: ends the process with the status that konet-billing expects."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--config", default="/etc/konet-billing/panels", help="folder with one SERVER.conf per panel")
    parser.add_argument("action", choices=[*WANTED, "state"])
    arguments = parser.parse_args()
    action, panel = arguments.action, None
    try:
        asked = os.environ.get("KONET_ACTION", action)
        if action != "state" and asked != action:
            raise Failed(f"konet-billing wants to {asked}; look at `[hooks]` in its configuration")
        panel = kind(arguments.config)
        sys.exit(step(panel, action))
    except Failed as error:
        who = os.environ.get("KONET_ACCOUNT") or os.environ.get("KONET_DOMAIN_NAME") or "?"
        where = os.environ.get("KONET_SERVER") or "?"
        line = f"{os.path.basename(sys.argv[0])}: {action} `{who}` at `{where}` failed: {error}"
        if panel:
            # a panel may repeat what it was sent
            line = line.replace(panel.token, "(token)")
        print(" ".join(line.split())[:800], file=sys.stderr)
        sys.exit(FAILED)
