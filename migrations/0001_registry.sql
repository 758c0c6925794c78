-- The change log, and the current state that it folds to.
--
-- The primary key of every thing is the revision of the change that created it: unique, ascending,
-- and known before the row is written. INTEGER PRIMARY KEY is SQLite's row id, so that rows are
-- appended to the table; in PostgreSQL it becomes BIGINT PRIMARY KEY. Booleans are BIGINT 0/1,
-- times BIGINT Unix milliseconds, documents TEXT with JSON.

CREATE TABLE control_plane (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    -- Names the history that revisions belong to; a backup gets another one.
    epoch TEXT NOT NULL
);

CREATE TABLE namespace (
    pk          INTEGER PRIMARY KEY,
    name        TEXT   NOT NULL UNIQUE,
    spec        TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL
);

CREATE TABLE service (
    pk          INTEGER PRIMARY KEY,
    namespace   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    spec        TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (namespace, name)
);

CREATE TABLE instance (
    pk          INTEGER PRIMARY KEY,
    service_pk  BIGINT NOT NULL REFERENCES service (pk),
    id          TEXT   NOT NULL,
    health      TEXT   NOT NULL,
    isolated    BIGINT NOT NULL,
    spec        TEXT   NOT NULL,
    -- What the instance said of itself, where an operator changed it since.
    registered  TEXT,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (service_pk, id)
);

CREATE TABLE change (
    revision   INTEGER PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    namespace  TEXT   NOT NULL,
    -- Empty for a namespace.
    service    TEXT   NOT NULL,
    -- Empty for anything but an instance or what happened to one.
    id         TEXT   NOT NULL,
    -- The thing before and after; NULL where it did not exist.
    before     TEXT,
    after      TEXT
);

CREATE INDEX change_by_service ON change (namespace, service, revision);
CREATE INDEX change_by_actor ON change (actor, revision);
