-- Forget the list entries of what is not offered any more as it was; :all forgets the others too.
DELETE FROM written WHERE :all OR name NOT IN (
    SELECT name FROM shelf JOIN fresh USING (name, key, digest)
)
