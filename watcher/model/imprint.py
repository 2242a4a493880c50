"""What is kept of an answer without its bytes: enough to judge it again, and to show what was seen.

Pure data, as JSON can say it. How it is made of an answer is `classify.condense`; the way back is `classify.restore`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from watcher.model.exchange import Hop
from watcher.model.finding import Certainty, Reason, Stamp, Verdict

# What says how an answer came about, and nothing of who asked. Never a cookie, a credential or a token.
KEPT_HEADERS: Final = frozenset(
    {
        *("age", "cache-control", "cf-cache-status", "cf-mitigated", "cf-ray", "content-encoding", "content-language"),
        *("content-length", "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after"),
        *("server", "vary", "via", "x-amzn-waf-action", "x-cache", "x-datadome", "x-github-request-id", "x-served-by"),
        *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    }
)
SECRET_HEADERS: Final = frozenset(
    {
        *("authorization", "cookie", "proxy-authenticate", "proxy-authorization", "set-cookie", "set-cookie2"),
        *("www-authenticate", "x-api-key", "x-auth-token", "x-csrf-token", "x-guest-token"),
    }
)
"""Never kept, whatever a rule looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptField:
    """A field that rules look at, by its name in platform files, and what it held. Empty: the answer had none."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMarkup:
    """A page as a visitor would have seen it: the fields of `classify.markup.Markup`. `metas` are name and content."""

    title: str | None = None
    language: str | None = None
    canonical: str | None = None
    metas: Mapping[str, str] = field(default_factory=dict)
    refresh: str | None = None
    json_ld: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    has_password_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptControl:
    """What a control said at the time, without its name. `exists`: of an account that should be there.

    `fields` are a page's identity fields with the handle masked, of a handle that cannot exist only.
    """

    exists: bool = False
    verdict: Verdict
    reason: Reason
    certainty: Certainty
    at: datetime
    seen: Stamp
    status: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What is left of one answer.

    `whole`: `markup` and `document` are the page as a visitor saw it and the JSON document, as far as there was room
    (`cut` names what there was no room for). Not so of a page that showed the account: of that, `fields` alone are
    kept, those that the platform file looks at. Of its texts, only what a rule found; `texts` is a hash over the
    patterns that were looked for, `selectors` one over the error containers. `mark` is the sign of a challenge in the
    bytes, `size` their number, `sha256` their hash. `is_item`: of the answer to a batch, what it said of this account.
    """

    handle: str
    instance: str
    stable_id: str | None = None
    by_id: bool = False
    asked: str
    sent_at: datetime
    received_at: datetime
    max_age: timedelta
    age: timedelta | None = None
    status: int
    url: str
    hops: tuple[Hop, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int
    sha256: str
    whole: bool = False
    is_blank: bool = False
    is_json: bool = False
    is_item: bool = False
    mark: str | None = None
    fields: tuple[KeptField, ...] = ()
    texts: str = ""
    selectors: str = ""
    language: str | None = None
    markup: KeptMarkup | None = None
    document: str | None = None
    cut: tuple[str, ...] = ()
    controls: tuple[KeptControl, ...] = ()
