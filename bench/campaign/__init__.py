"""The incident campaign: millions of looks at platforms that misbehave in every known way, in virtual time.

Each story sets one or two of 32 known sources of false alarms against a few watched accounts, beginning and ending
between any two answers of a confirmation. What looks, asks the controls and judges is the program's own Pipeline and
Controls; only the answers (real bytes), the time and the store are the campaign's. `python -m bench.campaign --help`.

What is memoised, and why the result is the same: `memo`. What counts as false and what must be found: `story`.
Not in it: sockets, pace and the circuit breaker of the prober, the store, the channels, and what is kept for the record
(imprints, bundles of evidence), none of which decides anything; other tests have those. A probe is an answer that was
looked for, controls included, as in `watcher_probes_total`; a look is one about an account, and judged.
"""
