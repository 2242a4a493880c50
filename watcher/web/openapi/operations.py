"""Every operation of the server: what it is for, what it takes and gives. Data, by method and path."""

from typing import Final

from watcher.web.openapi.operation import JSON, Operation, gives, has_body, in_path, in_query, operation, refuses
from watcher.web.openapi.schemas import FLAG, TEXT, Schema, many, one_of, ref

_LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
_HTML: Final = gives("The page.", "text/html")
_NO_STORE: Final = refuses("The store does not answer at present.")
_NO_PARAMETER: Final = refuses("A parameter is none that there is.")
_NONE: Final = gives("There is none.", "text/html")
_UNREAD: Final = gives("The store does not answer at present.", "text/html")
_CHANGING: Final = {
    "401": refuses("The token is missing or another."),
    "403": refuses("No token is configured, or the request comes from another site."),
    "503": _NO_STORE,
}
_AGAIN: Final = gives("The page, with what is wrong and all that was filled in.", "text/html")
_ACCOUNT: Final = in_path("The account's id, percent-encoded whole: x:potus, mastodon:name@host")
_OUTAGE: Final = in_path("The outage's id, percent-encoded whole")
_PIECE: Final = in_path("The SHA-256 of the piece, hexadecimal", "sha256")
_WHICH: Final = [
    in_query("account", "Of this account only"),
    in_query("owner", "Of the accounts of this owner only"),
    in_query("platform", "Of this platform only"),
    in_query("state", "Those that are not over, or those that are", one_of(("", "open", "over"))),
    in_query("since", "Those that were going on then or later: 2017-11-02, 2017-11-02T23:00, 30d"),
    in_query("until", "Those that began before; a date is meant with its day"),
    in_query("before", "The id of an outage: only those that come after it in this order, the latest first"),
    in_query("retracted", "`no` leaves out what was taken back", one_of(("", "no"))),
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
    ("GET", "/api/v1/accounts"): operation(
        _API,
        "listAccounts",
        "All watched accounts as they stand",
        {"200": gives("In the order of the watchlist.", JSON, many(ref("Account"))), "400": _NO_PARAMETER},
    ),
    ("GET", "/api/v1/accounts/{id}"): operation(
        _API,
        "getAccount",
        "One account, with its uptime of 30 days",
        {
            "200": gives("The account.", JSON, ref("AccountWithUptime")),
            "400": _NO_PARAMETER,
            "404": refuses("No such account is watched."),
        },
        takes=[_ACCOUNT],
    ),
    ("GET", "/api/v1/outages"): operation(
        _API,
        "listOutages",
        "Outages, the latest first",
        {
            "200": gives("The outages.", JSON, many(ref("Outage"))),
            "400": _NO_PARAMETER,
            "503": _NO_STORE,
        },
        takes=[
            in_query("account", "Of this account only"),
            in_query("open", "Those that are not over (true), or those that are (false)", FLAG),
            in_query("retracted", "Also those that were taken back", FLAG),
            in_query("limit", "So many at most", _LIMIT),
        ],
    ),
    ("GET", "/api/v1/silences"): operation(
        _API,
        "listSilences",
        "The silences that hold or are still to begin",
        {
            "200": gives("The silences.", JSON, many(ref("Silence"))),
            "400": _NO_PARAMETER,
            "503": _NO_STORE,
        },
        takes=[in_query("expired", "Also those that have ended", FLAG)],
    ),
    ("POST", "/api/v1/silences"): operation(
        _API,
        "addSilence",
        "Tell nobody of something for a while",
        {
            "201": gives("The silence, and what may be wrong with it.", JSON, ref("AddedSilence")),
            "400": refuses("What is asked for makes no sense; the text says what to write instead."),
            **_CHANGING,
        },
        body=has_body(ref("NewSilence")),
        changes=True,
    ),
    ("DELETE", "/api/v1/silences/{id}"): operation(
        _API,
        "endSilence",
        "End a silence",
        {
            "200": gives("It has ended, now or before.", JSON, ref("SilenceEnded")),
            "404": refuses("There is none of that id."),
            **_CHANGING,
        },
        takes=[in_path("The silence's id")],
        changes=True,
    ),
    ("GET", "/api/v1/incidents"): operation(
        _API,
        "listIncidents",
        "Incidents, the latest first",
        {
            "200": gives("The incidents.", JSON, many(ref("Incident"))),
            "400": _NO_PARAMETER,
            "503": _NO_STORE,
        },
        takes=[
            in_query("open", "Only those that last", FLAG),
            in_query("kind", "Of this kind only", {**TEXT, "examples": ["account"]}),
            in_query("limit", "So many at most", _LIMIT),
        ],
    ),
    ("GET", "/api/v1/incidents/{id}"): operation(
        _API,
        "getIncident",
        "One incident, with its outages and all that was told of it",
        {
            "200": gives("The incident.", JSON, ref("IncidentWithAll")),
            "400": _NO_PARAMETER,
            "404": refuses("There is none of that id."),
            "503": _NO_STORE,
        },
        takes=[in_path("The incident's id; that of an outage is the outage's")],
    ),
    ("POST", "/api/v1/incidents/{id}/ack"): operation(
        _API,
        "acknowledge",
        "Take care of an incident: nobody is reminded of it any more",
        {
            "200": gives("The incident, also when somebody had taken it before.", JSON, ref("Incident")),
            "400": refuses("What is sent makes no sense."),
            "404": refuses("There is none of that id."),
            "409": refuses("It is over."),
            **_CHANGING,
        },
        takes=[in_path("The incident's id")],
        body=has_body(ref("NewAcknowledgement"), required=False),
        changes=True,
    ),
    ("GET", "/api/openapi.json"): operation(
        _API,
        "describe",
        "This description, in OpenAPI 3.1",
        {"200": gives("The description.", JSON, {"type": "object"})},
    ),
    ("GET", "/api"): operation(_API, "browse", "This description, as a page", {"200": _HTML}),
    ("GET", "/outages"): operation(
        _RECORD,
        "outagesPage",
        "Outages as a page, fifty at once",
        {"200": _HTML, "400": _HTML, "503": _UNREAD},
        takes=_WHICH,
    ),
    ("GET", "/outages.csv"): operation(
        _RECORD,
        "outagesTable",
        "Outages as CSV (RFC 4180), all of them",
        {
            "200": gives("A header and a row an outage.", "text/csv"),
            "400": gives("A parameter is none that there is.", "text/plain"),
            "503": gives("The store does not answer at present.", "text/plain"),
        },
        takes=_WHICH,
        more="A text that a spreadsheet would take for a formula has an apostrophe before it.",
    ),
    ("GET", "/outages/{id}"): operation(
        _RECORD,
        "outagePage",
        "The record of an outage as a page",
        {"200": _HTML, "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE, in_query("print", "With everything open, for paper")],
    ),
    ("GET", "/outages/{id}.md"): operation(
        _RECORD,
        "outageMarkdown",
        "The record of an outage as Markdown",
        {"200": gives("The record.", "text/markdown"), "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE],
    ),
    ("GET", "/outages/{id}.json"): operation(
        _RECORD,
        "outageRecord",
        "The record of an outage as JSON",
        {
            "200": gives("The record.", JSON, ref("Record")),
            "404": refuses("There is none of that id."),
            "503": _NO_STORE,
        },
        takes=[_OUTAGE],
    ),
    ("POST", "/outages/{id}/annotate"): operation(
        _RECORD,
        "annotate",
        "Note the cause of an outage, by the form of its page",
        {
            "303": gives("It is noted: back to the record."),
            **{
                code: gives("The page, with what is wrong and all that was filled in.", "text/html")
                for code in ("400", "401", "403", "503")
            },
            "404": _NONE,
        },
        takes=[_OUTAGE],
        body=has_body(_FORM, "application/x-www-form-urlencoded"),
        more="`token` is that of web.token. `tell`, with any value, tells the channels that were told of the outage.",
    ),
    ("GET", "/outages/{id}/evidence/{sha256}"): operation(
        _RECORD,
        "evidencePage",
        "A piece of evidence, shown as text or as a picture",
        {"200": _HTML, "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE, _PIECE],
        more="What a page sent is never served as a page: it stands escaped inside one of ours.",
    ),
    ("GET", "/outages/{id}/evidence/{sha256}.png"): operation(
        _RECORD,
        "evidencePicture",
        "A picture of a page, where it is a PNG",
        {"200": gives("The picture.", "image/png"), "404": _NONE, "503": _UNREAD},
        takes=[_OUTAGE, _PIECE],
    ),
    ("GET", "/feeds/outages.atom"): operation(
        _RECORD,
        "feed",
        "The latest outages as an Atom feed (RFC 4287)",
        {
            "200": gives("The feed.", "application/atom+xml"),
            "400": gives("A parameter is none that there is.", "text/plain"),
            "503": gives("The store does not answer at present.", "text/plain"),
        },
        takes=[in_query("owner", "Of this owner's accounts only"), in_query("platform", "Of this platform only")],
    ),
    **{
        ("GET", f"/badges/{{id}}/{kind}.svg"): operation(
            _PAGES,
            f"{kind}Badge",
            summary,
            {
                "200": gives("The badge.", "image/svg+xml"),
                "404": gives("A badge that says that it is not watched.", "image/svg+xml"),
                "503": gives("A badge that says that the store does not answer.", "image/svg+xml"),
            },
            takes=[_ACCOUNT],
        )
        for kind, summary in (
            ("state", "How an account stands, as a badge"),
            ("uptime", "Its uptime of 30 days, as a badge"),
        )
    },
    ("GET", "/"): operation(
        _PAGES,
        "board",
        "The board: all accounts",
        {"200": _HTML, "400": _HTML},
        takes=[
            in_query(name, text)
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
    ("GET", "/events"): operation(
        _PAGES,
        "boardEvents",
        "What changes of an open board, as server-sent events",
        {
            "200": gives("Events, for as long as one listens.", "text/event-stream"),
            "400": gives("A parameter is none that there is.", "text/plain"),
            "503": gives("Too many listen.", "text/plain"),
        },
    ),
    ("GET", "/accounts/{id}"): operation(
        _PAGES, "accountPage", "One account as a page", {"200": _HTML, "404": _NONE}, takes=[_ACCOUNT]
    ),
    ("POST", "/accounts/{id}/look"): operation(
        _PAGES,
        "lookNow",
        "Look at an account now, by the form of its page; feeds no judge",
        {"200": _HTML, "403": _HTML, "404": _NONE, "503": _HTML},
        takes=[_ACCOUNT],
    ),
    ("POST", "/accounts/{id}/silence"): operation(
        _PAGES,
        "silenceAccount",
        "Silence an account, by the form of its page",
        {
            "303": gives("It is silenced: back to its page."),
            "400": _HTML,
            "401": _HTML,
            "403": _HTML,
            "404": _NONE,
            "503": _HTML,
        },
        takes=[_ACCOUNT],
    ),
    ("GET", "/static/{name}"): operation(
        _PAGES,
        "staticFile",
        "A style sheet, a script or the icon, under a name of its content",
        {"200": gives("The file."), "404": gives("There is none of that content.", "text/plain")},
        takes=[in_path("The name with its hash", "name")],
    ),
    ("GET", "/metrics"): operation(
        _OPS,
        "metrics",
        "Metrics for Prometheus",
        {"200": gives("In the text format that is asked for.", "text/plain")},
    ),
    ("GET", "/probe"): operation(
        _OPS,
        "probe",
        "One look at one watched account, now, as metrics",
        {
            "200": gives("What was seen, be it nothing in time.", "text/plain"),
            "400": gives("A parameter is none that there is.", "text/plain"),
            "403": gives("The request comes from another site.", "text/plain"),
            "404": gives("No such account is watched.", "text/plain"),
            "503": gives("watcher is stopping.", "text/plain"),
        },
        takes=[in_query("account", "The account's id", required=True), in_query("debug", "Explain it", FLAG)],
    ),
    ("GET", "/-/healthy"): operation(_OPS, "healthy", "Whether it runs", {"200": gives("It does.", "text/plain")}),
    ("GET", "/-/ready"): operation(
        _OPS,
        "ready",
        "Whether it watches and stores",
        {"200": gives("It does.", "text/plain"), "503": gives("What is wrong, a line each.", "text/plain")},
    ),
    ("POST", "/-/reload"): operation(
        _OPS,
        "reload",
        "Read the configuration anew",
        {
            "200": gives("It is taken; how much was changed.", "text/plain"),
            "400": gives("It is faulty; nothing was changed.", "text/plain"),
            "403": gives("The header is missing, or the request comes from another site.", "text/plain"),
            "409": gives("It would take away too much; force=true takes it all the same.", "text/plain"),
            "503": gives("Not now; it is tried again.", "text/plain"),
        },
        takes=[
            in_query("force", "Take it even if it takes much away", FLAG),
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
