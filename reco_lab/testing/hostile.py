"""Texts that would run, load or link if a page took them for more than text, and a watch that notices when one does."""

import re
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# {to} is an address that leaves the page; every payload is a valid id: no control characters, at most 256 letters
PATTERNS = (
    "<script>fetch('{to}')</script>",
    "<script src={to}></script>",
    "<img src={to}>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=fetch('{to}')>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><image href={to} /></svg>",
    '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    "<iframe src={to}></iframe>",
    '<iframe src="javascript:alert(1)"></iframe>',
    "<object data={to}></object>",
    "<embed src={to}>",
    "<video src={to} autoplay></video>",
    "<video poster={to}></video>",
    "<audio src={to} autoplay></audio>",
    "<link rel=stylesheet href={to}>",
    "<link rel=prefetch href={to}>",
    "<style>@import '{to}';</style>",
    "<style>body{{background:url({to})}}</style>",
    '<div style="background:url({to})">d</div>',
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>",
    '<meta http-equiv=refresh content="0;url={to}">',
    "<base href={to}>",
    "<form action={to}><button>send</button></form>",
    "<a href={to}>link</a>",
    '<a href="javascript:alert(1)">run</a>',
    "<b>bold</b><i>slanted</i>",
    '"><script>alert(1)</script>',
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "</title><img src={to}>",
    "&lt;img src={to}&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "![picture]({to})",
    "![picture][1]",
    "[![inside]({to})]({to})",
    "[link]({to})",
    "[run](javascript:alert(1))",
    "[data](data:text/html,<script>alert(1)</script>)",
    "<{to}>",
    "{to}",
    "www.beacon.example/leave",
    "someone@beacon.example",
    "[1]: {to}",
    ":material/home:",
    ":streamlit:",
    ":smile: :heart:",
    ":red[red] :blue-background[blue]",
    ":red-badge[badge] :small[small]",
    "$\\href{{{to}}}{{formula}}$",
    "$\\includegraphics{{{to}}}$ $$x^2$$",
    "\\(\\href{{javascript:alert(1)}}{{x}}\\)",
    "`code` **bold** __bold__ *slanted* _slanted_",
    "~~struck~~ ==marked==",
    "# heading",
    "> quoted",
    "- [ ] task",
    "1. first",
    "| a | b | --- |",
    "---",
    '```mermaid graph TD click A href "{to}"```',
    "%{{x}}%{{customdata[0]}}<extra>{to}</extra>",
    "{{{{7*7}}}} ${{7*7}} {{0.__class__}} %s %(x)s",
    "../../../etc/passwd",
    "..\\..\\CON",
    "\u202etxt.exe\u202c",
    "' OR 1=1; DROP TABLE datasets; --",
    '=HYPERLINK("{to}","x")',
)  # fmt: skip

# what is in the page that text can never become: something fetched, linked, framed or run, or a formula
ALIVE = """() => {
  const own = location.origin, found = [];
  for (const one of document.querySelectorAll('*')) {
    for (const {name, value} of one.attributes) {
      if (/^on/i.test(name) || name === 'srcdoc') found.push(name + '=' + value);
      if (/^(href|src|xlink:href|action|formaction|data|poster|background)$/i.test(name)) {
        let to; try { to = new URL(value, location.href) } catch { continue }
        const known = to.origin === own || ['blob:', 'about:'].includes(to.protocol)
          || (to.protocol === 'data:' && /^data:(image|font)\\//.test(value));
        if (!known) found.push(one.tagName + ' ' + name + '=' + value);
      }
      if (name === 'style' && /url\\(/.test(value) && /beacon/.test(value)) found.push('style=' + value);
    }
  }
  for (const one of document.querySelectorAll('.katex, marquee, object, embed, base'))
    found.push(one.outerHTML.slice(0, 200));
  return found;
}"""
SAID = """() => [document.body.innerText,
  ...[...document.querySelectorAll('canvas, [data-testid=stPlotlyChart]')].map(one => one.textContent),
  ...[...document.querySelectorAll('input, textarea')].map(one => one.value)].join('\\n')"""
QUIET = """() => document.querySelector('h1')
  && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton], [data-stale=true]')"""
# quiet, and nothing was put in, taken out or written anew for a while
STILL = f"""() => {{
  const now = performance.now();
  if (!window.changes) {{
    window.lastChange = now;
    window.changes = new MutationObserver(() => {{ window.lastChange = performance.now() }});
    window.changes.observe(document.body, {{subtree: true, childList: true, characterData: true}});
  }}
  if (!({QUIET})()) window.lastChange = now;
  return now - window.lastChange > 250;
}}"""


LOOK_EVERY = 50  # ms; a browser that is asked at every frame draws sixty a second and does little else


def payloads(to: str) -> list[str]:
    """Every payload, those with an address each with one of its own below `to`."""
    return [pattern.format(to=f"{to}/{number}") for number, pattern in enumerate(PATTERNS)]


def squeezed(text: str) -> str:
    """What is left when white space does not count (Markdown folds it) and nor does what keeps icon codes apart."""
    return re.sub(r"[\s\u2060\u200b]", "", text)


def settle(page: Any) -> None:
    """Wait until a browser's page stands still, what was just done in it included."""
    page.evaluate("window.lastChange = performance.now()")
    page.wait_for_function(STILL, polling=LOOK_EVERY)


class Beacon:
    """A listener on this machine that remembers who asked it for anything."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - likewise

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self._server.server_port}/beacon"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Watch:
    """Watches a browser's page: what left it, which dialogs it opened, what came alive in it, and all that it said."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.left: list[str] = []
        self.dialogs: list[str] = []
        self.alive: dict[str, list[str]] = {}
        self.said: list[str] = []
        page.context.on("request", self._request)
        page.context.on("dialog", self._dialog)

    def look(self, name: str) -> None:
        """Wait until the page stands still, what was just done included, then note what is in it."""
        settle(self.page)
        if found := self.page.evaluate(ALIVE):
            self.alive[name] = found
        self.said.append(self.page.evaluate(SAID))

    def unseen(self, texts: Iterable[str]) -> list[str]:
        """The texts that no page showed as they stand."""
        said = squeezed("\n".join(self.said))
        return [text for text in texts if squeezed(text) not in said]

    def _request(self, request: Any) -> None:
        inside = (self.url, self.url.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(inside):
            self.left.append(request.url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()
