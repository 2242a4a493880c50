BEGIN TRANSACTION;
CREATE TABLE account (
	id VARCHAR NOT NULL, 
	platform VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	handle TEXT NOT NULL, 
	display_handle TEXT NOT NULL, 
	url TEXT NOT NULL, 
	owner VARCHAR, 
	severity VARCHAR NOT NULL, 
	labels JSON NOT NULL, 
	watched_since BIGINT NOT NULL, 
	unwatched_at BIGINT, 
	CONSTRAINT pk_account PRIMARY KEY (id)
);
INSERT INTO "account" VALUES('x:alice','x','','alice','alice','https://x.com/alice',NULL,'warning','{}',1509663000000000,NULL);
INSERT INTO "account" VALUES('x:bob','x','','bob','bob','https://x.com/bob',NULL,'warning','{}',1509663000000000,NULL);
CREATE TABLE account_state (
	account_id VARCHAR NOT NULL, 
	phase VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	n INTEGER NOT NULL, 
	r INTEGER NOT NULL, 
	last_counted BIGINT, 
	last_seen BIGINT, 
	observed_until BIGINT, 
	last_probe_at BIGINT, 
	last_verdict_at BIGINT, 
	verdict VARCHAR, 
	reason VARCHAR, 
	source VARCHAR, 
	inconclusive INTEGER NOT NULL, 
	stable_id TEXT, 
	handle TEXT, 
	last_present BIGINT, 
	began_e BIGINT, 
	began_l BIGINT, 
	last_absent_e BIGINT, 
	last_absent_l BIGINT, 
	returned_e BIGINT, 
	returned_l BIGINT, 
	next_reason VARCHAR, 
	blind_since BIGINT, 
	outage_id VARCHAR, 
	previous_outage_id VARCHAR, 
	last_outage BIGINT, 
	outages_total INTEGER NOT NULL, 
	outage_closed BIGINT NOT NULL, 
	unobserved BIGINT NOT NULL, 
	CONSTRAINT pk_account_state PRIMARY KEY (account_id), 
	CONSTRAINT fk_account_state_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_account_state_outage_id FOREIGN KEY(outage_id) REFERENCES outage (id)
);
INSERT INTO "account_state" VALUES('x:alice','down',1509663141750000,0,0,NULL,1509663191750000,1509663191750000,1509663191750000,1509663191750000,'absent','not_found','page',0,NULL,NULL,1509663061750000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'x:alice-20171102T225201750',NULL,NULL,1,0,0);
INSERT INTO "account_state" VALUES('x:bob','up',1509663001250000,0,0,NULL,1509663156250000,1509663156250000,1509663156250000,1509663156250000,'present','profile','page',0,NULL,NULL,1509663156250000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,0);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE delivery (
	id INTEGER NOT NULL, 
	notification_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	outcome VARCHAR NOT NULL, 
	answer TEXT NOT NULL, 
	latency BIGINT NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (id), 
	CONSTRAINT fk_delivery_notification_id FOREIGN KEY(notification_id) REFERENCES notification (id)
);
INSERT INTO "delivery" VALUES(1,1,1509663142000000,'retry','server_error: 500 server_error',0);
INSERT INTO "delivery" VALUES(2,1,1509663145000000,'retry','server_error: 500 server_error',0);
INSERT INTO "delivery" VALUES(3,1,1509663149000000,'retry','server_error: 500 server_error',0);
INSERT INTO "delivery" VALUES(4,1,1509663157000000,'retry','server_error: 500 server_error',0);
INSERT INTO "delivery" VALUES(5,1,1509663174000000,'retry','server_error: 500 server_error',0);
INSERT INTO "delivery" VALUES(6,1,1509663201000000,'retry','server_error: 500 server_error',0);
CREATE TABLE evidence (
	sha256 VARCHAR(64) NOT NULL, 
	bytes BIGINT NOT NULL, 
	created_at BIGINT, 
	CONSTRAINT pk_evidence PRIMARY KEY (sha256)
);
INSERT INTO "evidence" VALUES('073387933e13bf75e8fd55da6ae0e22d48282135a1a7d2e2e32d6a54bcd2a660',634,1509663121750000);
CREATE TABLE incident (
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	severity VARCHAR NOT NULL, 
	opened_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_incident PRIMARY KEY (id)
);
INSERT INTO "incident" VALUES('x:alice-20171102T225201750','account','x:alice','warning',1509663141750000,NULL,'');
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('heartbeat_at','1509663200000000');
CREATE TABLE notification (
	id INTEGER NOT NULL, 
	incident_id VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	route VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	dedup_key VARCHAR NOT NULL, 
	due_at BIGINT NOT NULL, 
	event_at BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	claimed_until BIGINT, 
	attempts INTEGER NOT NULL, 
	delivered_at BIGINT, 
	CONSTRAINT pk_notification PRIMARY KEY (id), 
	CONSTRAINT fk_notification_incident_id FOREIGN KEY(incident_id) REFERENCES incident (id), 
	CONSTRAINT uq_notification_dedup_key UNIQUE (dedup_key)
);
INSERT INTO "notification" VALUES(1,'x:alice-20171102T225201750',0,'default','newsroom','alert','x:alice-20171102T225201750/newsroom/alert',1509663275432817,1509663141750000,'pending',NULL,6,NULL);
CREATE TABLE outage (
	id VARCHAR NOT NULL, 
	account_id VARCHAR NOT NULL, 
	handle_then TEXT NOT NULL, 
	severity_then VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	certainty VARCHAR NOT NULL, 
	last_present BIGINT NOT NULL, 
	began_e BIGINT NOT NULL, 
	began_l BIGINT NOT NULL, 
	confirmed_at BIGINT NOT NULL, 
	last_absent_e BIGINT NOT NULL, 
	last_absent_l BIGINT NOT NULL, 
	ended_e BIGINT, 
	ended_l BIGINT, 
	closed_at BIGINT, 
	end_cause VARCHAR, 
	unobserved BIGINT NOT NULL, 
	quote TEXT, 
	language TEXT, 
	previous_id VARCHAR, 
	CONSTRAINT pk_outage PRIMARY KEY (id), 
	CONSTRAINT fk_outage_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);
INSERT INTO "outage" VALUES('x:alice-20171102T225201750','x:alice','alice','warning','not_found','shown',1509663061750000,1509663121750000,1509663121750000,1509663141750000,1509663191750000,1509663191750000,NULL,NULL,NULL,NULL,0,'Désolé, cette page n''existe pas','fr',NULL);
CREATE TABLE platform_state (
	platform VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	vantage VARCHAR NOT NULL, 
	positives JSON NOT NULL, 
	negatives JSON NOT NULL, 
	CONSTRAINT pk_platform_state PRIMARY KEY (platform, instance, source, vantage)
);
INSERT INTO "platform_state" VALUES('x','','page','local','[{"handle": "nasa", "finding": {"verdict": "present", "reason": "profile", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663202000000, "seen": {"earliest": 1509663202000000, "latest": 1509663202000000}, "evidence": {"step": "identity", "rule": "page-profile", "detail": "", "quote": "nasa (@nasa) | Twitter", "language": "en", "status": 200, "final_url": "https://x.com/nasa", "body_sha256": null}, "stable_id": null, "handle": null, "refused": null}, "features": null}, {"handle": "un", "finding": {"verdict": "present", "reason": "profile", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663192000000, "seen": {"earliest": 1509663192000000, "latest": 1509663192000000}, "evidence": {"step": "identity", "rule": "page-profile", "detail": "", "quote": "un (@un) | Twitter", "language": "en", "status": 200, "final_url": "https://x.com/un", "body_sha256": null}, "stable_id": null, "handle": null, "refused": null}, "features": null}, {"handle": "xdevelopers", "finding": {"verdict": "present", "reason": "profile", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663182000000, "seen": {"earliest": 1509663182000000, "latest": 1509663182000000}, "evidence": {"step": "identity", "rule": "page-profile", "detail": "", "quote": "xdevelopers (@xdevelopers) | Twitter", "language": "en", "status": 200, "final_url": "https://x.com/xdevelopers", "body_sha256": null}, "stable_id": null, "handle": null, "refused": null}, "features": null}]','[{"handle": "r2l9cwax52329ns", "finding": {"verdict": "absent", "reason": "not_found", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663000000000, "seen": {"earliest": 1509663000000000, "latest": 1509663000000000}, "evidence": {"step": "phrase", "rule": "phrase-missing", "detail": "", "quote": "D\u00e9sol\u00e9, cette page n''existe pas", "language": "fr", "status": 200, "final_url": "https://x.com/r2l9cwax52329ns", "body_sha256": "073387933e13bf75e8fd55da6ae0e22d48282135a1a7d2e2e32d6a54bcd2a660"}, "stable_id": null, "handle": null, "refused": null}, "features": null}]');
CREATE TABLE transition (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	account_id VARCHAR NOT NULL, 
	outage_id VARCHAR, 
	finding JSON, 
	outage JSON, 
	detail JSON NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_transition PRIMARY KEY (seq), 
	CONSTRAINT fk_transition_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_transition_outage_id FOREIGN KEY(outage_id) REFERENCES outage (id), 
	CONSTRAINT uq_transition_account_id_at_kind UNIQUE (account_id, at, kind)
);
INSERT INTO "transition" VALUES(1,1509663000250000,'AccountFirstSeen','x:alice',NULL,'{"verdict": "present", "reason": "profile", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663000250000, "seen": {"earliest": 1509663000250000, "latest": 1509663000250000}, "evidence": {"step": "identity", "rule": "page-profile", "detail": "", "quote": "alice (@alice) | Twitter", "language": "en", "status": 200, "final_url": "https://x.com/alice", "body_sha256": null}, "stable_id": null, "handle": null, "refused": null}',NULL,'{}','6cd098e8c3ba1d5ab18778ba03387df7af1c85d64e44a4401f67d8a99078e47b');
INSERT INTO "transition" VALUES(2,1509663001250000,'AccountFirstSeen','x:bob',NULL,'{"verdict": "present", "reason": "profile", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663001250000, "seen": {"earliest": 1509663001250000, "latest": 1509663001250000}, "evidence": {"step": "identity", "rule": "page-profile", "detail": "", "quote": "bob (@bob) | Twitter", "language": "en", "status": 200, "final_url": "https://x.com/bob", "body_sha256": null}, "stable_id": null, "handle": null, "refused": null}',NULL,'{}','6faa9d7ddd4449f4c2407553d5fdc123caad5fa370ee3f60e6667cc1e0b1669e');
INSERT INTO "transition" VALUES(3,1509663121750000,'AccountSuspected','x:alice',NULL,'{"verdict": "absent", "reason": "not_found", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663121750000, "seen": {"earliest": 1509663121750000, "latest": 1509663121750000}, "evidence": {"step": "phrase", "rule": "phrase-missing", "detail": "", "quote": "D\u00e9sol\u00e9, cette page n''existe pas", "language": "fr", "status": 200, "final_url": "https://x.com/alice", "body_sha256": "073387933e13bf75e8fd55da6ae0e22d48282135a1a7d2e2e32d6a54bcd2a660"}, "stable_id": null, "handle": null, "refused": null}',NULL,'{}','d5e2a950a9c812a2e8bbed6e4c0d0ad0523ada4b17d30b044b50d0ce14814980');
INSERT INTO "transition" VALUES(4,1509663141750000,'OutageOpened','x:alice','x:alice-20171102T225201750','{"verdict": "absent", "reason": "not_found", "certainty": "shown", "source": "page", "vantage": "local", "at": 1509663141750000, "seen": {"earliest": 1509663141750000, "latest": 1509663141750000}, "evidence": {"step": "phrase", "rule": "phrase-missing", "detail": "", "quote": "D\u00e9sol\u00e9, cette page n''existe pas", "language": "fr", "status": 200, "final_url": "https://x.com/alice", "body_sha256": "073387933e13bf75e8fd55da6ae0e22d48282135a1a7d2e2e32d6a54bcd2a660"}, "stable_id": null, "handle": null, "refused": null}','{"id": "x:alice-20171102T225201750", "account_id": "x:alice", "handle_then": "alice", "severity_then": "warning", "reason": "not_found", "certainty": "shown", "last_present": 1509663061750000, "began": {"earliest": 1509663121750000, "latest": 1509663121750000}, "confirmed_at": 1509663141750000, "last_absent": {"earliest": 1509663141750000, "latest": 1509663141750000}, "ended": null, "closed_at": null, "end_cause": null, "unobserved": 0, "quote": "D\u00e9sol\u00e9, cette page n''existe pas", "language": "fr", "previous_id": null}','{}','1251916b620da2135c80cdbc45a96d1d1270cd80bb10711926c25a468bd04211');
CREATE TABLE transition_evidence (
	seq INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_transition_evidence PRIMARY KEY (seq, role, sha256), 
	CONSTRAINT fk_transition_evidence_seq FOREIGN KEY(seq) REFERENCES transition (seq), 
	CONSTRAINT fk_transition_evidence_sha256 FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
INSERT INTO "transition_evidence" VALUES(3,'target','073387933e13bf75e8fd55da6ae0e22d48282135a1a7d2e2e32d6a54bcd2a660');
INSERT INTO "transition_evidence" VALUES(4,'target','073387933e13bf75e8fd55da6ae0e22d48282135a1a7d2e2e32d6a54bcd2a660');
CREATE TABLE unobserved (
	id INTEGER NOT NULL, 
	scope VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	from_at BIGINT NOT NULL, 
	to_at BIGINT NOT NULL, 
	cause VARCHAR NOT NULL, 
	CONSTRAINT pk_unobserved PRIMARY KEY (id), 
	CONSTRAINT uq_unobserved_scope_key_from_at_cause UNIQUE (scope, "key", from_at, cause)
);
CREATE INDEX ix_outage_account_id_confirmed_at ON outage (account_id, confirmed_at);
CREATE INDEX ix_outage_confirmed_at ON outage (confirmed_at);
CREATE UNIQUE INDEX one_open_outage_per_account ON outage (account_id) WHERE closed_at IS NULL;
CREATE INDEX ix_transition_at ON transition (at);
CREATE INDEX ix_transition_outage_id ON transition (outage_id);
CREATE UNIQUE INDEX one_open_incident_per_key ON incident (kind, "key") WHERE closed_at IS NULL;
CREATE INDEX ix_notification_incident_id_channel_seq ON notification (incident_id, channel, seq);
CREATE INDEX ix_notification_state_due_at ON notification (state, due_at);
CREATE INDEX ix_delivery_notification_id ON delivery (notification_id);
COMMIT;
