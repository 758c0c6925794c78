-- Rate limit rules, as they are now.

CREATE TABLE rate_limit_rule (
    pk          INTEGER PRIMARY KEY,
    namespace   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    spec        TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (namespace, name)
);

-- Rules that are subscribed to apart resume from revisions of their own: `family` is `routing` or
-- `rate_limit`.
CREATE TABLE rule_callees_by_family (
    family    TEXT   NOT NULL,
    namespace TEXT   NOT NULL,
    service   TEXT   NOT NULL,
    revision  BIGINT NOT NULL,
    PRIMARY KEY (family, namespace, service)
);
INSERT INTO rule_callees_by_family (family, namespace, service, revision)
    SELECT 'routing', namespace, service, revision FROM rule_callees;
DROP TABLE rule_callees;
ALTER TABLE rule_callees_by_family RENAME TO rule_callees;
