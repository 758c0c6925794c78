-- What the log is asked for, in the order of revisions: a service, whatever is in a namespace, and the
-- kinds that are few. The kind is in the first one so that the newest change of each service, events
-- aside, is found in it alone.
DROP INDEX change_by_service;
CREATE INDEX change_by_service ON change (service, namespace, revision, kind);
CREATE INDEX change_by_namespace ON change (namespace, revision);
CREATE INDEX change_of_few ON change (kind, revision) WHERE kind <> 'instance';
