"""Every operation of the server: what it is for, what it takes and gives. Data, by method and path."""

from typing import Any, Final

from watcher.web.openapi.schemas import FLAG, TEXT, Schema, many, one_of, ref

Operation = dict[str, Any]
JSON: Final = "application/json"
_BEARER: Final[list[dict[str, list[str]]]] = [{"bearer": []}]
_LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}


def _q(name: str, description: str, schema: Schema = TEXT, *, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _id(description: str, name: str = "id") -> Schema:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": TEXT}


def _gives(description: str, kind: str | None = None, schema: Schema = TEXT) -> Schema:
    return {"description": description} | ({"content": {kind: {"schema": schema}}} if kind is not None else {})


def _error(description: str) -> Schema:
    return _gives(description, JSON, ref("Error"))


def _takes(schema: Schema, kind: str = JSON, *, required: bool = True) -> Schema:
    return {"required": required, "content": {kind: {"schema": schema}}}


def _op(
    tag: str,
    name: str,
    summary: str,
    responses: dict[str, Schema],
    *,
    takes: list[Schema] | None = None,
    body: Schema | None = None,
    changes: bool = False,
    more: str = "",
) -> Operation:
    made: Operation = {"tags": [tag], "operationId": name, "summary": summary}
    if more:
        made["description"] = more
    if takes:
        made["parameters"] = takes
    if body is not None:
        made["requestBody"] = body
    if changes:
        made["security"] = _BEARER
    return {**made, "responses": responses}


_HTML: Final = _gives("The page.", "text/html")
_NO_STORE: Final = _error("The store does not answer at present.")
_NO_PARAMETER: Final = _error("A parameter is none that there is.")
_NONE: Final = _gives("There is none.", "text/html")
_UNREAD: Final = _gives("The store does not answer at present.", "text/html")
_CHANGING: Final = {
    "401": _error("The token is missing or another."),
    "403": _error("No token is configured, or the request comes from another site."),
    "503": _NO_STORE,
}
_AGAIN: Final = _gives("The page, with what is wrong and all that was filled in.", "text/html")
_ACCOUNT: Final = _id("The account's id, percent-encoded whole: x:potus, mastodon:name@host")
_OUTAGE: Final = _id("The outage's id, percent-encoded whole")
_PIECE: Final = _id("The SHA-256 of the piece, hexadecimal", "sha256")
_WHICH: Final = [
    _q("account", "Of this account only"),
    _q("owner", "Of the accounts of this owner only"),
    _q("platform", "Of this platform only"),
    _q("state", "Those that are not over, or those that are", one_of(("", "open", "over"))),
    _q("since", "Those that were going on then or later: 2017-11-02, 2017-11-02T23:00, 30d"),
    _q("until", "Those that began before; a date is meant with its day"),
    _q("before", "The id of an outage: only those that come after it in this order, the latest first"),
    _q("retracted", "`no` leaves out what was taken back", one_of(("", "no"))),
]
_FORM: Final[Schema] = {
    "type": "object",
    "properties": dict.fromkeys(("cause", "text", "link", "by", "tell", "token"), TEXT),
    "required": ["cause", "token"],
}
_API: Final = "API"
_PAGES: Final = "Pages"
_RECORD: Final = "Outage record"
_OPS: Final = "Operation"

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("GET", "/api/v1/accounts"): _op(
        _API,
        "listAccounts",
        "All watched accounts as they stand",
        {"200": _gives("In the order of the watchlist.", JSON, many(ref("Account")))},
    ),
    ("GET", "/api/v1/accounts/{id}"): _op(
        _API,
        "getAccount",
        "One account, with its uptime of 30 days",
        {
            "200": _gives("The account.", JSON, ref("AccountWithUptime")),
            "404": _error("No such account is watched."),
        },
        takes=[_ACCOUNT],
    ),
    ("GET", "/api/v1/outages"): _op(
        _API,
        "listOutages",
        "Outages, the latest first",
        {
            "200": _gives("The outages.", JSON, many(ref("Outage"))),
            "400": _NO_PARAMETER,
            "503": _NO_STORE,
        },
        takes=[
            _q("account", "Of this account only"),
            _q("open", "Those that are not over (true), or those that are (false)", FLAG),
            _q("retracted", "Also those that were taken back", FLAG),
            _q("limit", "So many at most", _LIMIT),
        ],
    ),
    ("GET", "/api/v1/silences"): _op(
        _API,
        "listSilences",
        "The silences that hold or are still to begin",
        {
            "200": _gives("The silences.", JSON, many(ref("Silence"))),
            "400": _NO_PARAMETER,
            "503": _NO_STORE,
        },
        takes=[_q("expired", "Also those that have ended", FLAG)],
    ),
    ("POST", "/api/v1/silences"): _op(
        _API,
        "addSilence",
        "Tell nobody of something for a while",
        {
            "201": _gives("The silence.", JSON, ref("Silence")),
            "400": _error("What is asked for makes no sense; the text says what to write instead."),
            **_CHANGING,
        },
        body=_takes(ref("NewSilence")),
        changes=True,
    ),
    ("DELETE", "/api/v1/silences/{id}"): _op(
        _API,
        "endSilence",
        "End a silence",
        {
            "200": _gives("It has ended, now or before.", JSON, ref("SilenceEnded")),
            "404": _error("There is none of that id."),
            **_CHANGING,
        },
        takes=[_id("The silence's id")],
        changes=True,
    ),
    ("GET", "/api/v1/incidents"): _op(
        _API,
        "listIncidents",
        "Incidents, the latest first",
        {
            "200": _gives("The incidents.", JSON, many(ref("Incident"))),
            "400": _NO_PARAMETER,
            "503": _NO_STORE,
        },
        takes=[
            _q("open", "Only those that last", FLAG),
            _q("kind", "Of this kind only", {**TEXT, "examples": ["account"]}),
            _q("limit", "So many at most", _LIMIT),
        ],
    ),
    ("GET", "/api/v1/incidents/{id}"): _op(
        _API,
        "getIncident",
        "One incident, with its outages and all that was told of it",
        {
            "200": _gives("The incident.", JSON, ref("IncidentWithAll")),
            "404": _error("There is none of that id."),
            "503": _NO_STORE,
        },
        takes=[_id("The incident's id; that of an outage is the outage's")],
    ),
    ("POST", "/api/v1/incidents/{id}/ack"): _op(
        _API,
        "acknowledge",
        "Take care of an incident: nobody is reminded of it any more",
        {
            "200": _gives("The incident, also when somebody had taken it before.", JSON, ref("Incident")),
            "400": _error("What is sent makes no sense."),
            "404": _error("There is none of that id."),
            "409": _error("It is over."),
            **_CHANGING,
        },
        takes=[_id("The incident's id")],
        body=_takes(ref("NewAcknowledgement"), required=False),
        changes=True,
    ),
    ("GET", "/api/openapi.json"): _op(
        _API,
        "describe",
        "This description, in OpenAPI 3.1",
        {"200": _gives("The description.", JSON, {"type": "object"})},
    ),
    ("GET", "/api"): _op(_API, "browse", "This description, as a page", {"200": _HTML}),
    ("GET", "/outages"): _op(
        _RECORD,
        "outagesPage",
        "Outages as a page, fifty at once",
        {"200": _HTML, "400": _HTML, "503": _UNREAD},
        takes=_WHICH,
    ),
    ("GET", "/outages.csv"): _op(
        _RECORD,
        "outagesTable",
        "Outages as CSV (RFC 4180), all of them",
        {
            "200": _gives("A header and a row an outage.", "text/csv"),
            "400": _gives("A parameter is none that there is.", "text/plain"),
            "503": _gives("The store does not answer at present.", "text/plain"),
        },
        takes=_WHICH,
        more="A text that a spreadsheet would take for a formula has an apostrophe before it.",
    ),
    ("GET", "/outages/{id}"): _op(
        _RECORD,
        "outagePage",
        "The record of an outage as a page",
        {"200": _HTML, "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE, _q("print", "With everything open, for paper")],
    ),
    ("GET", "/outages/{id}.md"): _op(
        _RECORD,
        "outageMarkdown",
        "The record of an outage as Markdown",
        {"200": _gives("The record.", "text/markdown"), "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE],
    ),
    ("GET", "/outages/{id}.json"): _op(
        _RECORD,
        "outageRecord",
        "The record of an outage as JSON",
        {
            "200": _gives("The record.", JSON, ref("Record")),
            "404": _error("There is none of that id."),
            "503": _NO_STORE,
        },
        takes=[_OUTAGE],
    ),
    ("POST", "/outages/{id}/annotate"): _op(
        _RECORD,
        "annotate",
        "Note the cause of an outage, by the form of its page",
        {
            "303": _gives("It is noted: back to the record."),
            **{
                code: _gives("The page, with what is wrong and all that was filled in.", "text/html")
                for code in ("400", "401", "403", "503")
            },
            "404": _NONE,
        },
        takes=[_OUTAGE],
        body=_takes(_FORM, "application/x-www-form-urlencoded"),
        more="`token` is that of web.token. `tell`, with any value, tells the channels that were told of the outage.",
    ),
    ("GET", "/outages/{id}/evidence/{sha256}"): _op(
        _RECORD,
        "evidencePage",
        "A piece of evidence, shown as text or as a picture",
        {"200": _HTML, "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE, _PIECE],
        more="What a page sent is never served as a page: it stands escaped inside one of ours.",
    ),
    ("GET", "/outages/{id}/evidence/{sha256}.png"): _op(
        _RECORD,
        "evidencePicture",
        "A picture of a page, where it is a PNG",
        {"200": _gives("The picture.", "image/png"), "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE, _PIECE],
    ),
    ("GET", "/feeds/outages.atom"): _op(
        _RECORD,
        "feed",
        "The latest outages as an Atom feed (RFC 4287)",
        {
            "200": _gives("The feed.", "application/atom+xml"),
            "400": _gives("A parameter is none that there is.", "text/plain"),
            "503": _gives("The store does not answer at present.", "text/plain"),
        },
        takes=[_q("owner", "Of this owner's accounts only"), _q("platform", "Of this platform only")],
    ),
    **{
        ("GET", f"/badges/{{id}}/{kind}.svg"): _op(
            _PAGES,
            f"{kind}Badge",
            summary,
            {
                "200": _gives("The badge.", "image/svg+xml"),
                "404": _gives("A badge that says that it is not watched.", "image/svg+xml"),
                "503": _gives("A badge that says that the store does not answer.", "image/svg+xml"),
            },
            takes=[_ACCOUNT],
        )
        for kind, summary in (
            ("state", "How an account stands, as a badge"),
            ("uptime", "Its uptime of 30 days, as a badge"),
        )
    },
    ("GET", "/"): _op(
        _PAGES,
        "board",
        "The board: all accounts",
        {"200": _HTML, "400": _HTML},
        takes=[
            _q(name, text)
            for name, text in (
                ("q", "Words that are all to be found"),
                ("owner", "An owner's slug"),
                ("platform", "A platform's id"),
                ("state", "A state, or trouble for whatever is not available"),
                ("group", "owner or platform"),
                ("sort", "attention, name or since"),
                ("page", "Which page"),
                ("size", "How many on a page"),
            )
        ],
    ),
    ("GET", "/events"): _op(
        _PAGES,
        "boardEvents",
        "What changes of an open board, as server-sent events",
        {
            "200": _gives("Events, for as long as one listens.", "text/event-stream"),
            "400": _gives("A parameter is none that there is.", "text/plain"),
            "503": _gives("Too many listen.", "text/plain"),
        },
    ),
    ("GET", "/accounts/{id}"): _op(
        _PAGES, "accountPage", "One account as a page", {"200": _HTML, "404": _NONE}, takes=[_ACCOUNT]
    ),
    ("POST", "/accounts/{id}/look"): _op(
        _PAGES,
        "lookNow",
        "Look at an account now, by the form of its page; feeds no judge",
        {"200": _HTML, "403": _HTML, "404": _NONE, "503": _HTML},
        takes=[_ACCOUNT],
    ),
    ("POST", "/accounts/{id}/silence"): _op(
        _PAGES,
        "silenceAccount",
        "Silence an account, by the form of its page",
        {
            "303": _gives("It is silenced: back to its page."),
            "400": _HTML,
            "401": _HTML,
            "403": _HTML,
            "404": _NONE,
            "503": _HTML,
        },
        takes=[_ACCOUNT],
    ),
    ("GET", "/static/{name}"): _op(
        _PAGES,
        "staticFile",
        "A style sheet, a script or the icon, under a name of its content",
        {"200": _gives("The file."), "404": _gives("There is none of that content.", "text/plain")},
        takes=[_id("The name with its hash", "name")],
    ),
    ("GET", "/metrics"): _op(
        _OPS,
        "metrics",
        "Metrics for Prometheus",
        {"200": _gives("In the text format that is asked for.", "text/plain")},
    ),
    ("GET", "/probe"): _op(
        _OPS,
        "probe",
        "One look at one watched account, now, as metrics",
        {
            "200": _gives("What was seen, be it nothing in time.", "text/plain"),
            "400": _gives("A parameter is none that there is.", "text/plain"),
            "403": _gives("The request comes from another site.", "text/plain"),
            "404": _gives("No such account is watched.", "text/plain"),
            "503": _gives("watcher is stopping.", "text/plain"),
        },
        takes=[_q("account", "The account's id", required=True), _q("debug", "Explain it", FLAG)],
    ),
    ("GET", "/-/healthy"): _op(_OPS, "healthy", "Whether it runs", {"200": _gives("It does.", "text/plain")}),
    ("GET", "/-/ready"): _op(
        _OPS,
        "ready",
        "Whether it watches and stores",
        {"200": _gives("It does.", "text/plain"), "503": _gives("What is wrong, a line each.", "text/plain")},
    ),
    ("POST", "/-/reload"): _op(
        _OPS,
        "reload",
        "Read the configuration anew",
        {
            "200": _gives("It is taken; how much was changed.", "text/plain"),
            "400": _gives("It is faulty; nothing was changed.", "text/plain"),
            "403": _gives("The header is missing, or the request comes from another site.", "text/plain"),
            "409": _gives("It would take away too much; force=true takes it all the same.", "text/plain"),
            "503": _gives("Not now; it is tried again.", "text/plain"),
        },
        takes=[
            _q("force", "Take it even if it takes much away", FLAG),
            {
                "name": "X-Watcher-Reload",
                "in": "header",
                "required": True,
                "description": "Any value: no form and no foreign script can send it",
                "schema": TEXT,
            },
        ],
    ),
}
