-- Whether what is offered is not what it was.
SELECT (SELECT count(*) FROM fresh) != (SELECT count(*) FROM shelf)
    OR EXISTS (SELECT name, key, digest FROM fresh EXCEPT SELECT name, key, digest FROM shelf)
