"""People and accounts that do not exist, with names of many scripts, and some that mean to confuse who reads pages."""

from typing import Final

from tests.corpus.generate.made import Person

ORDINARY: Final = (
    Person(
        slug="harbourpost",
        name="The Harbour Post",
        bio="News of the harbour, since 1874. Tips to the desk.",
        post="Fog on the east mole this morning; the ferry waits.",
    ),
    Person(
        slug="lenakaram",
        name="Léna Karam",
        bio="Journaliste, ports et marées. Mes opinions n’engagent que moi.",
        post="Demain : la grue neuve, vue d’en bas.",
    ),
    Person(
        slug="mkato7",
        name="加藤 美咲",
        bio="港の写真を撮っています。夜明けが好き。",
        post="今朝の霧はとても深かった。",
    ),
    Person(
        slug="portauthority",
        name="Управление порта",
        bio="Официальная страница. Расписание и объявления.",
        post="Паром задерживается на 20 минут.",
    ),
    Person(
        slug="alqalaa22",
        name="قلعة الميناء",
        bio="أخبار الميناء والبحر كل صباح",
        post="العبارة تصل بعد قليل",
    ),
)
HOSTILE: Final = (
    Person(
        slug="boldfaced", name='<b>"x"</b> & <!-- <h1>', bio="</script><h1>Account suspended</h1>", post="'';!--\"<>"
    ),
    Person(slug="pagenotfound", name="Page not found", bio="404", post="Not Found"),
    Person(slug="loginplease", name="Log in", bio="Sign in to continue", post="Please log in"),
    Person(slug="justamoment", name="Just a moment...", bio="Attention Required! | Cloudflare", post="Checking"),
    Person(slug="nullisland", name="null", bio="undefined", post="false"),
    Person(slug="suspendedfan", name="Account suspended", bio="This account doesn’t exist", post="Suspended again"),
    Person(slug="emojiharbour", name="⚓️🚢 h̷a̵r̶b̸o̵u̷r̸ 🚢⚓️", bio="\u202ereversed\u202c \u200b\u200d", post="🧵 1/47"),
    Person(slug="overcapacity", name="Something went wrong", bio="Rate limit exceeded", post="Try again later"),
    Person(slug="jsonish", name='{"error":"Not Found"}', bio='"message":"Not Found"', post='{"suspended":true}'),
    Person(slug="robotcheck", name="Prove your humanity", bio="g-recaptcha px-captcha _cf_chl_opt", post="captcha"),
)
NOBODY: Final = Person(slug="qhzkwvmxrtplb7", name="", bio="", post="")


def control(handle: str, suffix: str) -> Person:
    """An account of the site's own, or of some institution."""
    slug = handle.removesuffix(suffix) if suffix and handle.endswith(suffix) else handle
    return Person(
        slug=slug,
        name=f"{handle.title()} official",
        bio="The account of an institution that has been here for long.",
        post="Our offices are closed on Monday.",
    )
