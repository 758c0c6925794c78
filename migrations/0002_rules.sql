-- Rules for calls to services, as they are now.

CREATE TABLE routing_rule (
    pk          INTEGER PRIMARY KEY,
    namespace   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    spec        TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (namespace, name)
);

CREATE TABLE nearby_rule (
    pk          INTEGER PRIMARY KEY,
    namespace   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    spec        TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (namespace, name)
);

-- When a rule that is, or was, for these callees last changed: what subscribers resume from, whatever
-- was pruned from the log. One row for each way in which a rule ever named its callees; `*` is any.
CREATE TABLE rule_callees (
    namespace TEXT   NOT NULL,
    service   TEXT   NOT NULL,
    revision  BIGINT NOT NULL,
    PRIMARY KEY (namespace, service)
);

-- The log of a rule, whose name is in `id`. Namespaces and rules have no service, and are few.
CREATE INDEX change_by_rule ON change (namespace, id, revision) WHERE service = '';
