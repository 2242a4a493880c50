"""The pages of the demo's platform: small, made up, with the structure of Twitter's pages in 2017. No state here.

Structure and texts as reported of the pages of that year: canonical and og tags, ProfileHeaderCard, the error page's
div.errorpage-body-content, div.flex-module.error-page, div.signin-wrapper, div.ProtectedTimeline.
"""

from html import escape
from string import Template
from typing import Final

_FRAME: Final = Template("""<!DOCTYPE html>
<html lang="$language" data-scribe-reduced-action-queue="true">
<head>
<meta charset="utf-8">
<title>$title</title>
$head
<script>var messages = {"missing": "Sorry, that page doesn’t exist!", "suspended": "Account suspended"};</script>
</head>
<body class="$classes">
<div class="topbar"><a href="/">Twitter</a> <a href="/login">$log_in</a></div>
<div id="page-container">
$body
</div>
<div class="Footer">© 2017 Twitter</div>
</body>
</html>
""")

_PROFILE_HEAD: Final = Template("""<link rel="canonical" href="https://twitter.com/$handle">
<meta name="description" content="The latest Tweets from $name (@$handle). $bio">
<meta property="og:type" content="profile">
<meta property="og:site_name" content="Twitter">
<meta property="og:title" content="$name (@$handle) | Twitter">
<meta property="og:url" content="https://twitter.com/$handle">
<meta property="al:ios:url" content="twitter://user?screen_name=$handle">
<meta name="profile:user_id" content="$stable_id">
""")

_PROFILE: Final = Template("""<div class="ProfileHeaderCard">
<h1 class="ProfileHeaderCard-name"><a href="/$handle" class="ProfileHeaderCard-nameLink">$name</a></h1>
<h2 class="ProfileHeaderCard-screenname"><a href="/$handle">@<b class="u-linkComplex-target">$handle</b></a></h2>
<p class="ProfileHeaderCard-bio u-dir">$bio</p>
</div>
<div class="ProfileNav" data-user-id="$stable_id">
<span>Tweets</span> <span>Following</span> <span>Followers</span></div>
$timeline""")

_TIMELINE: Final = '<div class="ProfileTimeline" id="timeline"><ol class="stream-items"></ol></div>'
_PROTECTED: Final = """<div class="ProtectedTimeline">
<h2 class="ProtectedTimeline-heading">This account's Tweets are protected.</h2>
<p>Only confirmed followers have access to these Tweets.</p></div>"""

# How the page was reported to read in 2017, by language: title, heading, what to do.
_MISSING: Final = {
    "en": ("Sorry, that page doesn’t exist!", "You can search Twitter or go back to the homepage."),
    "fr": (
        "Désolé, cette page n'existe pas",
        "Merci de faire une recherche sur Twitter ou de revenir à la page d'accueil.",
    ),
}


def profile(*, handle: str, name: str, bio: str, stable_id: str, protected: bool = False) -> str:
    """A profile, with its timeline or the notice that it is protected."""
    values = {
        "handle": escape(handle),
        "name": escape(name),
        "bio": escape(bio),
        "stable_id": escape(stable_id),
        "timeline": _PROTECTED if protected else _TIMELINE,
    }
    return _page(
        title=f"{name} (@{handle}) | Twitter",
        head=_PROFILE_HEAD.substitute(values),
        body=_PROFILE.substitute(values),
        classes="three-col logged-out ProfilePage",
    )


def missing(language: str) -> str:
    """«Désolé, cette page n'existe pas» (fr), "Sorry, that page doesn’t exist!" (en)."""
    heading, advice = _MISSING[language]
    body = f'<div class="errorpage-body-content"><h1>{heading}</h1><p>{advice}</p></div>'
    return _page(title="Twitter / ?", body=body, classes="logged-out ErrorPage", language=language)


def suspended() -> str:
    """The page of a suspended account; it was answered with status 200."""
    body = """<div class="flex-module error-page clearfix"><h1>Account suspended</h1>
<p>This account has been suspended. Learn more about why accounts are suspended, or return to your
timeline.</p></div>"""
    return _page(title="Twitter / Account Suspended", body=body, classes="logged-out")


def login() -> str:
    """The wall: a log-in form in place of whatever was asked for."""
    body = """<div class="signin-wrapper"><h1>Log in to Twitter</h1>
<form action="/sessions" method="post" class="t1-form signin"><input type="text" name="session[username_or_email]">
<input type="password" name="session[password]"><button type="submit">Log in</button></form></div>"""
    return _page(title="Login on Twitter", body=body, classes="logged-out")


def challenge() -> str:
    """An interstitial that wants proof of a browser."""
    body = '<div id="challenge-form"><h1>Checking your browser</h1><noscript>Enable JavaScript</noscript></div>'
    return _page(title="Just a moment...", body=body, classes="challenge")


def over_capacity() -> str:
    """What a platform in trouble shows."""
    body = "<div><h1>Something is technically wrong.</h1><p>Thanks for noticing, we're going to fix it.</p></div>"
    return _page(title="Twitter / Error", body=body, classes="logged-out")


def _page(*, title: str, body: str, classes: str, head: str = "", language: str = "en") -> str:
    return _FRAME.substitute(
        title=escape(title),
        head=head,
        body=body,
        classes=classes,
        language=language,
        log_in="Se connecter" if language == "fr" else "Log in",
    )
