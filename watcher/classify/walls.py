"""What walls, challenges and failures call themselves: titles, and marks in the bytes of a page. Data only.

Sources: Cloudflare documents `_cf_chl_opt` pages and says that /cdn-cgi/challenge-platform/…/jsd is in ordinary pages
too; AWS WAF, HUMAN (PerimeterX), DataDome, Anubis, Imperva, Akamai and Kasada name themselves in their pages; a portal
that wants a log-in answers with WISPAccessGatewayParam (WISPr) or with the connectivity checks of operating systems.
"""

from dataclasses import dataclass
from typing import Final

from watcher.model.finding import Reason


@dataclass(frozen=True, slots=True)
class Wall:
    """Why nothing can be concluded, and the rule that says so in the evidence."""

    reason: Reason
    rule: str


def _challenge(vendor: str) -> Wall:
    return Wall(Reason.CHALLENGE, f"challenge-{vendor}")


MARKS: Final = {
    b"_cf_chl_opt": _challenge("cloudflare"),
    b"orchestrate/chl_page": _challenge("cloudflare"),
    b"awsWafCookieDomainList": _challenge("aws-waf"),
    b"gokuProps": _challenge("aws-waf"),
    b"px-captcha": _challenge("perimeterx"),
    b"captcha-delivery.com": _challenge("datadome"),
    b"within.website/x/cmd/anubis": _challenge("anubis"),
    b"_Incapsula_Resource": _challenge("imperva"),
    b"errors.edgesuite.net": _challenge("akamai"),
    b"WISPAccessGatewayParam": Wall(Reason.LOCAL_NETWORK, "captive-portal"),
    b'action="https://consent.': Wall(Reason.CONSENT, "consent-form"),
    b"eais.rkn.gov.ru": Wall(Reason.GEO_BLOCK, "censor-page"),
}
"""In pages that have next to nothing else to show; all of them are written in one case only."""

COMMON_MARKS: Final = {
    b"/cdn-cgi/challenge-platform/": _challenge("cloudflare"),
    b"g-recaptcha": _challenge("recaptcha"),
    b"h-captcha": _challenge("hcaptcha"),
    b"cf-turnstile": _challenge("turnstile"),
    b"kpsdk": _challenge("kasada"),
}
"""The same, but forms and scripts of ordinary pages have them too: they count where no text says otherwise."""

TITLES: Final = {
    Wall(Reason.CHALLENGE, "challenge-title"): (
        *("just a moment", "attention required", "making sure you're not a bot", "prove your humanity"),
        *("access to this page has been denied", "pardon our interruption", "checking your browser", "ddos-guard"),
        *("vercel security checkpoint", "please wait... | cloudflare", "verify you are human", "human verification"),
        *("are you a robot", "sorry, you have been blocked", "request rejected", "one more step"),
    ),
    Wall(Reason.RATE_LIMITED, "limit-title"): ("too many requests", "rate limit exceeded", "429 too many"),
    Wall(Reason.PLATFORM_ERROR, "outage-title"): (
        *("500 internal server", "502 bad gateway", "503 service", "504 gateway", "service unavailable", "bad gateway"),
        *("over capacity", "we'll be right back", "be right back", "down for maintenance", "under maintenance"),
        *("scheduled maintenance", "site maintenance", "maintenance mode"),
    ),
    Wall(Reason.GEO_BLOCK, "censor-title"): (
        *("unavailable for legal reasons", "451 unavailable", "доступ ограничен", "доступ к ресурсу ограничен"),
        *("доступ запрещ", "доступ заблокирован", "website blocked", "site blocked", "erişim engellen"),
        *("internet positif", "access to this site has been blocked"),
        "access to this website has been blocked",
    ),
    Wall(Reason.LOCAL_NETWORK, "captive-portal"): ("hotspot login", "wi-fi login", "wifi login", "captive portal"),
}
"""What the title of a wall begins with, normalised."""

WHOLE_TITLES: Final = {
    Wall(Reason.CHALLENGE, "challenge-title"): ("access denied", "captcha", "robot check", "security check"),
    Wall(Reason.PLATFORM_ERROR, "outage-title"): ("maintenance", "temporarily unavailable", "server error"),
}
"""Titles that other pages may begin with, but that only walls have as a whole."""

LOGIN_TITLES: Final = (
    *("log in", "login", "sign in", "se connecter", "connexion", "anmelden", "einloggen", "iniciar sesión"),
    *("inicia sesión", "iniciar sessão", "entrar", "accedi", "inloggen", "zaloguj", "logowanie", "вход", "войти"),
    *("giriş yap", "oturum aç", "ログイン", "로그인", "登录", "登入", "تسجيل الدخول", "přihlásit"),
    *("logga in", "logg inn", "log ind", "masuk", "đăng nhập", "เข้าสู่ระบบ", "लॉग इन"),
)
"""What the title of a page with a password form begins with if the form is all that it is for."""

CONNECTIVITY_ANSWERS: Final = (b"Microsoft NCSI", b"Microsoft Connect Test", b"success", b"<HTML><HEAD><TITLE>Success<")
"""What the connectivity checks of operating systems are answered with, by whatever stands between."""
