CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    request TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    account TEXT NOT NULL,
    session TEXT NOT NULL,
    model TEXT,
    family TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    status INTEGER NOT NULL,
    served INTEGER NOT NULL,
    input INTEGER,
    cached INTEGER,
    output INTEGER,
    reasoning INTEGER,
    cost INTEGER,
    first_byte_ms INTEGER,
    duration_ms INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_at ON attempts (at);
CREATE TABLE days (
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (account, day, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE conditions (
    account TEXT PRIMARY KEY,
    health REAL NOT NULL,
    health_at INTEGER NOT NULL,
    bucket REAL NOT NULL,
    bucket_at INTEGER NOT NULL,
    last_used INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE rates (
    account TEXT PRIMARY KEY,
    used REAL NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE breakers (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    host TEXT NOT NULL,
    failures INTEGER NOT NULL,
    open_until INTEGER,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX owners_at ON owners (at);
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
INSERT INTO days VALUES ('a', '2026-11-21', 'gpt-5.4', 7, 70, 0, 35, 0, 3000000000000, 0);
INSERT INTO owners VALUES ('resp_old', 'a', 1795233600000);
