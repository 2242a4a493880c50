"""Made-up pages of the size and the make-up of real ones: which is which is said by the functions."""

import json
from typing import Final

_CODE: Final = (
    '!function(e,t){"use strict";var n=t.createElement("div"),r=null;if(e<3&&n.className){for(var i=0;i<10;i++)'
    'r=i?"hidden":"none"}return{"error":"Something went wrong","state":r}}(window,document);\n'
)
_RULES: Final = ".css-1dbjc4n{display:flex;margin:0}.u-hidden{display:none}.heading{font:700 20px/1 sans-serif}\n"
_POST: Final = (
    '<li class="timeline-item" data-id="{n}"><a class="u-link js-nav" href="/{handle}/status/{n}">'
    '<span class="name">{name}</span></a><p class="text">What happened on pier {n}, and who came to see it.</p>'
    '<img class="avatar" src="https://img.site.example/{n}/normal.jpg" alt=""></li>\n'
)


def _head(title: str, handle: str | None, scripts: int) -> str:
    """Twenty metas, eight links, a style sheet, and `scripts` scripts in the page's head."""
    own = (
        f'<link rel="canonical" href="https://twitter.com/{handle}">\n'
        f'<meta property="og:title" content="{title}">\n<meta property="og:url" content="https://twitter.com/{handle}">'
        f'\n<meta property="al:ios:url" content="twitter://user?screen_name={handle}">\n'
        f'<meta property="profile:username" content="{handle}">\n'
        f'<meta name="octolytics-dimension-user_id" content="17">\n<meta name="profile:user_id" content="17">\n'
        if handle is not None
        else ""
    )
    metas = "".join(f'<meta name="site-setting-{n}" content="value of the setting {n}">\n' for n in range(16))
    links = "".join(f'<link rel="preload" as="script" href="https://cdn.site.example/{n}.js">\n' for n in range(8))
    code = f'<script nonce="x">{_CODE * 3}</script>\n' * scripts
    return (
        f'<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n{metas}{links}'
        f"<title>{title}</title>\n{own}<style>{_RULES * 10}</style>\n{code}</head>\n"
    )


def _body(inside: str, *, size: int) -> str:
    """A header, what is `inside`, a footer, and as much script and JSON as makes the page `size` characters long."""
    frame = (
        '<body class="logged-out"><div id="doc"><header role="banner"><nav><ul><li><a href="/">Home</a></li>'
        '<li><a href="/login">Log in</a></li></ul></nav></header>\n'
        f'<main id="content">{inside}</main>\n<footer><p>About Help Terms</p></footer></div>\n'
    )
    room = max(0, size - len(frame) - 200) // 6
    state = f'<script type="application/json" id="state">{_as_json(room)}</script>\n'
    code = f"<script>{_CODE * (room // len(_CODE))}</script>\n"
    return frame + (state * 3 + code * 3 if size else "") + "</body></html>\n"


def _as_json(size: int) -> str:
    """A document of about `size` characters with texts of all kinds in it."""
    texts = {"missing": "This account doesn’t exist", "suspended": "Account suspended", "heading": "<b>role</b>"}
    entry = json.dumps(texts, ensure_ascii=False)
    return f"[{', '.join([entry] * max(1, size // len(entry)))}]"


def scripted(title: str, handle: str | None, inside: str, *, size: int) -> str:
    """A page that is nearly all scripts, JSON and style sheets, as those of large platforms are."""
    head = _head(title, handle, scripts=4)
    return head + _body(inside, size=size - len(head))


def marked_up(title: str, handle: str | None, inside: str, *, elements: int = 400) -> str:
    """A page of about `elements` elements of visible markup, with few scripts."""
    posts = "".join(_POST.format(n=n, handle=handle or "somebody", name="Alice Doe") for n in range(elements // 5))
    return _head(title, handle, scripts=1) + _body(f'{inside}<ol class="stream">{posts}</ol>', size=0)


PROFILE: Final = '<h1 class="name">Alice Doe</h1><h2>@alice</h2><p class="bio">I write about ferries and tides.</p>'
MISSING: Final = (
    '<div class="errorpage-body-content"><h1>D&eacute;sol&eacute;, cette page n&rsquo;existe pas\u00a0!</h1>'
    "<p>Merci de faire une recherche.</p></div>"
)
