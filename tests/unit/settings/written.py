"""What people write into the two files: right, and with slips of the pen."""

RIGHT: dict[str, list[str]] = {
    "watchlist": [
        "accounts: [{platform: x, handle: 0123}, {platform: github, handle: true}, {platform: x, handle: 1e3}]",
        "defaults: {labels: {year: 2026, version: 1.5, is_loud: true}}\naccounts: [https://github.com/python]",
        "owners: {a: 1984, b: {name: true}}\naccounts: [{url: https://github.com/python, owner: a}]",
        'defaults: {confirm: {threshold: "3"}, timezone: UTC}\naccounts: [https://github.com/python]',
        (
            "defaults: {windows: [{days: [mon, TUE-thu], interval: 5s}, "
            "{days: daily, hours: 8:00-24:00, interval: 1h30m}]}"
            "\naccounts: [{url: https://github.com/python, windows: [], controls: {present: torvalds}}]"
        ),
        "accounts: [{platform: x, handle: no, recover: {interval: 1d}, id: x:5, severity: info}]",
    ],
    "watcher": [
        "web: {listen: 127.0.0.1:80, allow_hosts: [watcher, 127.0.0.1:80, a.example], token: 1234567890123456}",
        "watchlist: [a.yaml, 2026, b/*.yaml]\nstate_dir: ${X}\ncontact: https://a.example\npublic_url: http://a/b/",
        "retention: {samples: never, deliveries: 1d, outages: 400d}",
        (
            "probe: {timeout: 5s, max_body: 500 kB, connections: 3, allow_private: [10.0.0.0/8, 'fe80::/10'], browser: "
            "{renders: 2, sandbox: false}, connect_to: {x.com: 'localhost:1'}}"
        ),
        "channels: [{name: a, kind: slack, webhook_url: '${SLACK_WEBHOOK_URL}', language: fr}, {name: 5, kind: log}]",
        "channels: [{name: a, kind: slack_bot, token: '${SLACK_BOT_TOKEN}', channel: C0123ABCD}]",
        "channels: [{name: a, kind: email, host: 127.0.0.1, port: 2525, tls: none, from: W <w@a.example>, to: d@b.c}]",
        "channels: [{name: a, kind: webhook, url: https://a.example/x, headers: {x-key: 5}, max_alerts: 3}]",
        "channels: [{name: a, kind: alertmanager, peers: http://a:9093, renew: 30s}]",
        "channels: [{name: a, kind: apprise, urls: 'json://localhost'}]",
        (
            "channels: [{name: log, kind: log}]\n"
            "routes: [{name: a, channels: log, match: {severity: [critical], reason: gone, labels: {a: b}}, "
            "group_wait: 0s, group_interval: 5m, repeat_interval: never, group_by: [owner], "
            "continue: true, mute: [{days: sat-sun}], active: [], routes: [{name: b, timezone: Europe/Paris}]}]"
        ),
        "digest: {at: 08:00, channels: log, days: mon-fri}\nheartbeat: {url: '${SLACK_WEBHOOK_URL}', fail: true}",
        "platforms: {x: {robots: override, credentials: {token: '${X_TOKEN}'}, pace: {requests: 2, per: 1m}}}",
        "platforms: {x: {sources: {page: {enabled: true, pace: {requests: 2, per: 1m, concurrency: 2}}}}}",
    ],
}
"""In the ways in which it is written: numbers, switches, short forms, variables."""

BROKEN: dict[str, list[str]] = {
    "watchlist": [
        "accounts: []",
        "accounts: https://github.com/python",
        "acounts: [https://github.com/python]",
        "defaults: {intervall: 60s}\naccounts: [https://github.com/python]",
        "defaults: {interval: 60}\naccounts: [https://github.com/python]",
        "defaults: {interval: 500ms}\naccounts: [https://github.com/python]",
        "defaults: {severity: urgent}\naccounts: [https://github.com/python]",
        "defaults: {labels: [politics]}\naccounts: [https://github.com/python]",
        "defaults: {windows: {days: mon}}\naccounts: [https://github.com/python]",
        "defaults: {windows: [{days: mon, hours: 8-18, interval: 5s}]}\naccounts: [https://github.com/python]",
        "defaults: {windows: [{days: monday, interval: 5s}]}\naccounts: [https://github.com/python]",
        "defaults: {windows: [{days: [], interval: 5s}]}\naccounts: [https://github.com/python]",
        "defaults: {windows: [{days: mon}]}\naccounts: [https://github.com/python]",
        "defaults: {confirm: {threshold: 0}}\naccounts: [https://github.com/python]",
        "defaults: {confirm: {threshold: -1}}\naccounts: [https://github.com/python]",
        "defaults: {confirm: {threshold: 1.5}}\naccounts: [https://github.com/python]",
        "defaults: {confirm: 3}\naccounts: [https://github.com/python]",
        "owners: {A B: x}\naccounts: [https://github.com/python]",
        "owners: {a: {nam: x}}\naccounts: [https://github.com/python]",
        "owners: {a: {}}\naccounts: [https://github.com/python]",
        "accounts: [{handle: python}]",
        "accounts: [{platform: github}]",
        "accounts: [{owner: a}]\nowners: {a: b}",
        "accounts: [{url: https://github.com/python, id: python}]",
        "accounts: [{url: https://github.com/python, controls: {present: {a: b}}}]",
        "accounts: [{url: https://github.com/python, controls: {}}]",
        "accounts: [{url: 'https://github.com/${X}'}]",
        "accounts: [[https://github.com/python]]",
        "accounts: [{url: https://github.com/python, token: x}]",
        "- https://github.com/python",
    ],
    "watcher": [
        "watchlists: a.yaml",
        "watchlist: []",
        "watchlist: {a: b}",
        "state_dir: ~/var",
        "contact: nobody",
        "public_url: watcher.example",
        "web: {listen: 11102}",
        "web: {listen: 127.0.0.1}",
        "web: {port: 11102}",
        "web: {allow_hosts: [https://a.example]}",
        "probe: {timeout: 10}",
        "probe: {max_body: 2000000}",
        "probe: {max_body: 2GB}",
        "probe: {connections: many}",
        "probe: {allow_private: 10.0.0.0/8}",
        "probe: {browser: {renders: 0}}",
        "probe: {browser: {renders: 33}}",
        "probe: {browser: {sandbox: yes}}",
        "probe: {browser: {sandbox: 1}}",
        "retention: {samples: forever}",
        "retention: {samples: 30}",
        "channels: []",
        "channels: {log: {kind: log}}",
        "channels: [{name: log}]",
        "channels: [{kind: log}]",
        "channels: [{name: log, kind: lgo}]",
        "channels: [{name: Log, kind: log}]",
        "channels: [{name: log, kind: log, language: de}]",
        "channels: [{name: log, kind: log, webhook_url: https://a.example}]",
        "channels: [{name: a, kind: slack}]",
        "channels: [{name: a, kind: slack, webhook_url: https://a.example, webhook_url_file: b}]",
        "channels: [{name: a, kind: slack, webhook_url: hooks.slack.com}]",
        "channels: [{name: a, kind: slack_bot, token: xapp-1, channel: general}]",
        "channels: [{name: a, kind: slack_bot, token: xoxb-0123456789, channel: 'two words'}]",
        "channels: [{name: a, kind: email, host: a.example, from: w@a.example}]",
        "channels: [{name: a, kind: email, host: a.example, from: w@a.example, to: []}]",
        "channels: [{name: a, kind: email, host: a.example, from: nobody, to: d@b.c}]",
        "channels: [{name: a, kind: email, host: a.example, from: w@a.example, to: d@b.c, tls: ssl}]",
        "channels: [{name: a, kind: email, host: a.example, from: w@a.example, to: d@b.c, port: 70000}]",
        "channels: [{name: a, kind: webhook}]",
        "channels: [{name: a, kind: webhook, url: https://a.example, max_alerts: -1}]",
        "channels: [{name: a, kind: webhook, url: https://a.example, headers: [x]}]",
        "channels: [{name: a, kind: alertmanager, peers: []}]",
        "channels: [{name: a, kind: alertmanager, peers: alertmanager:9093}]",
        "channels: [{name: a, kind: apprise, urls: []}]",
        "routes: []",
        "routes: [{channels: log}]",
        "routes: [{name: a, channels: []}]",
        "routes: [{name: a, channels: log, match: {severty: info}}]",
        "routes: [{name: a, channels: log, match: {severity: loud}}]",
        "routes: [{name: a, channels: log, match: {reason: login_wall}}]",
        "routes: [{name: a, channels: log, group_wait: 5}]",
        "routes: [{name: a, channels: log, repeat_interval: sometimes}]",
        "routes: [{name: a, channels: log, mute: [{}]}]",
        "routes: [{name: a, channels: log, mute: {days: mon}}]",
        "routes: [{name: a, channels: log, continue: on}]",
        "routes: [{name: a, channels: log, routes: [{nme: b}]}]",
        "digest: {channels: log}",
        "digest: {at: 25:00, channels: log}",
        "digest: {at: 8, channels: log}",
        "digest: {at: 08:00, channels: []}",
        "heartbeat: {}",
        "heartbeat: {interval: 1m}",
        "platforms: {x: {robots: ignore}}",
        "platforms: {x: {pace: {requests: 2}}}",
        "platforms: {x: {pace: 2}}",
        "platforms: {x: {credentials: [a]}}",
        "platforms: {x: {sources: {page: {on: true}}}}",
    ],
}
"""Slips of the pen: keys, words, units, lists for mappings."""

SCALARS = tuple(
    """
10s 1h30m 0s 90 never 2MB 1 kB 500kB 1MiB true false True no 08:00 8:00-18:00 22:00-06:00 24:00 mon mon-fri MON,tue
sat-sun daily x X_1 a.b-c 1.5 0x1f 007 -3 1_000 1e3 a@b.example W<w@a.example> https://a.example/x?y http://a:9093
a.example:80 127.0.0.1:11102 [::1]:80 ::1 10.0.0.0/8 fe80::/10 Europe/Berlin UTC Etc/GMT+5 x:a
generic:https://a.example/u xoxb-0123456789 C0123ABCD #general general ${HOME}/x ~/x ../var 12 65535 65536 32 33
100000 1000000 1000001 0 00 01 null ~ critical not_found content-type x-key 2026-11-02
""".split()  # noqa: SIM905 - a list of them would be a page long
)
"""Texts of every kind, each right somewhere and wrong elsewhere."""
