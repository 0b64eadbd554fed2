"""The Connect tab: how a website calls the service: its address, keys, and code that works when it is pasted."""

import json
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from reco_lab.services import keys
from reco_lab.store.keyring import KeyRecord, Scope
from reco_lab.ui import erasing, page, state
from reco_lab.ui.ad_status import COMMAND, Status
from reco_lab.ui.words import day, md
from reco_lab.workspace import Workspace

KEY = "YOUR-KEY"
OTHERWISE = "http://127.0.0.1:8600"
SCOPES = {
    Scope.serve: "ask for ads",
    Scope.track: "tell what happened",
    Scope.admin: "change ads, export and erase customers",
}
_FRESH = "_fresh_key"


def view(lab: page.Lab, now: Status) -> None:
    """The address, code to paste, keys, and how to start the service."""
    _address(now)
    st.header("Code that works when it is pasted", anchor=False)
    url = now.caller.url if now.caller else OTHERWISE
    key = KEY if now.caller is not None and now.caller.needs_key else ""
    for tab, (language, text) in zip(
        st.tabs(["curl", "Python", "JavaScript"]), snippets(url, _customer(lab), key).items(), strict=True
    ):
        with tab:
            st.code(text, language=language)
    st.caption(
        "It asks for two ads and tells that the first was clicked. The same event may be sent twice: it counts once."
    )
    _keys(lab.workspace)
    _serve()


def snippets(url: str, user_id: str, key: str) -> dict[str, str]:
    """The same two calls (ads, then a click on the first) as shell, Python and JavaScript, by language."""
    query = urlencode({"user_id": user_id, "n": 2})
    return {
        "bash": _curl(url, query, key),
        "python": _python(url, query, key),
        "javascript": _javascript(url, query, key),
    }


def _curl(url: str, query: str, key: str) -> str:
    head = f" \\\n  -H 'Authorization: Bearer {key}'" if key else ""
    return (
        f"curl -s '{url}/ads?{query}'{head}\n\n"
        "# then, with a decision_id of that answer in place of DECISION:\n"
        f"curl -s -X POST '{url}/events' -H 'Content-Type: application/json'{head} \\\n"
        """  -d '{"events": [{"event_id": "click-1", "decision_id": "DECISION", "kind": "click"}]}'\n"""
    )


def _python(url: str, query: str, key: str) -> str:
    head = json.dumps(
        {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    )
    return f"""import json
from urllib.request import Request, urlopen
from uuid import uuid4

URL = {json.dumps(url)}
HEAD = {head}

with urlopen(Request(f"{{URL}}/ads?{query}", headers=HEAD)) as answer:
    ads = json.load(answer)["ads"]
for ad in ads:
    print(ad["position"], ad["title"], "-", ad["reason"])

for ad in ads[:1]:
    click = {{"event_id": uuid4().hex, "decision_id": ad["decision_id"], "kind": "click"}}
    body = json.dumps({{"events": [click]}}).encode()
    with urlopen(Request(f"{{URL}}/events", body, HEAD)) as answer:
        print(json.load(answer))
"""


def _javascript(url: str, query: str, key: str) -> str:
    auth = f', "Authorization": "Bearer {key}"' if key else ""
    return f"""(async () => {{
  const url = {json.dumps(url)};
  const headers = {{"Content-Type": "application/json"{auth}}};
  const {{ads}} = await (await fetch(`${{url}}/ads?{query}`, {{headers}})).json();
  ads.forEach((ad) => console.log(ad.position, ad.title, "-", ad.reason));

  for (const {{decision_id}} of ads.slice(0, 1)) {{
    const click = {{event_id: `${{decision_id}}-click`, decision_id, kind: "click"}};
    const told = await fetch(`${{url}}/events`, {{method: "POST", headers, body: JSON.stringify({{events: [click]}})}});
    console.log(await told.json());
  }}
}})();
"""


def _address(now: Status) -> None:
    if now.caller is None:
        st.markdown(
            f"The service does not run; the code below is for `{OTHERWISE}`, where `{COMMAND}` answers."
        )
        return
    needs = "asks for a key" if now.caller.needs_key else "answers this machine only, without a key"
    st.markdown(f"The service runs at `{now.caller.url}` and {needs}.")


def _customer(lab: page.Lab) -> str:
    return "somebody" if lab.version is None else str(lab.dataset().interactions.user_ids[0])


def _keys(workspace: Workspace) -> None:
    st.header("Keys", anchor=False)
    fresh = state.chosen(_FRESH)
    if isinstance(fresh, str) and fresh:
        with st.container(border=True):
            st.markdown("**Copy it now.** Only a hash of it is kept, so it can never be shown again.")
            st.code(fresh, language=None)
            st.button(
                "I have it", icon=":material/check:", on_click=state.choose, args=(_FRESH, ""), key="key-seen"
            )
    made, moment = keys.keys(workspace), workspace.clock.now()
    holding = [one for one in made if one.holds(moment)]
    if made:
        st.dataframe(_table(made, holding), hide_index=True, alt="Keys, newest first", placeholder="–")
    else:
        st.markdown("There are no keys yet. A website needs one, unless the service runs with `--demo`.")
    with st.container(horizontal=True):
        with st.popover("Make a key", icon=":material/key:"):
            _make(workspace)
        if holding:
            with st.popover("Rotate or revoke", icon=":material/sync_lock:"):
                _end(workspace, holding)


def _table(made: list[KeyRecord], holding: list[KeyRecord]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Name": one.name,
                "May": ", ".join(SCOPES[scope] for scope in one.scopes),
                "State": "holds" if one in holding else "revoked" if one.revoked else "over",
                "Made": day(one.created),
                "Until": day(one.expires),
                "Id": one.id,
            }
            for one in made
        ]
    )


def _make(workspace: Workspace) -> None:
    name = st.text_input(
        "Name",
        "website",
        max_chars=100,
        key="key-name",
        help="Who uses it, so that one knows what to revoke.",
    )
    scopes = st.multiselect(
        "It may",
        list(SCOPES),
        [Scope.serve, Scope.track],
        format_func=SCOPES.__getitem__,
        key="key-scopes",
        help="A key in the code of a web page can be read by anybody: give it no more than it needs.",
    )
    days = st.number_input("Days it holds", 1, keys.LONGEST_DAYS, 365, key="key-days")
    if st.button("Make it", type="primary", icon=":material/key:", key="key-make"):
        text, _ = keys.make_key(workspace, name, [one.value for one in scopes], int(days), who=erasing.WHO)
        state.choose(_FRESH, text)
        st.rerun()


def _end(workspace: Workspace, holding: list[KeyRecord]) -> None:
    known = {one.id: one for one in holding}
    chosen = st.selectbox(
        "Key", list(known), format_func=lambda one: f"{known[one].name} · {one}", key="key-chosen"
    )
    st.caption(
        f"Rotate: a new key, and the old one holds for {keys.OVERLAP_DAYS} more days. Revoke: it ends now."
    )
    with st.container(horizontal=True):
        if st.button("Rotate", icon=":material/autorenew:", key="key-rotate"):
            text, _ = keys.rotate(workspace, chosen, who=erasing.WHO)
            state.choose(_FRESH, text)
            st.rerun()
        if st.button("Revoke", icon=":material/block:", key="key-revoke"):
            gone = keys.revoke(workspace, chosen, who=erasing.WHO)
            state.tell(f"The key “{md(gone.name)}” opens nothing any more.")
            st.rerun()


def _serve() -> None:
    st.header("Run the service", anchor=False)
    st.markdown("As a process of its own, so that training in the app never slows an answer:")
    st.code(
        f"{COMMAND}              # this machine only, without a key\n"
        "reco-lab serve --host 0.0.0.0    # for the servers of a website, with keys\n"
        "reco-lab serve --host 0.0.0.0 --origin https://shop.example    # for its pages, too",
        language="bash",
    )
    st.caption("More than one worker (`--workers N`) needs PostgreSQL, set by `RECO_LAB_DATABASE_URL`.")
