-- What a hit has to be besides matching; a filter that is NULL lets everything through.
(:owner IS NULL OR skills.key IN (SELECT key FROM skills WHERE owner = :owner))
    AND (:tag IS NULL OR skills.key IN (SELECT skill FROM tags WHERE tag = :tag))
    AND (:category IS NULL OR skills.key IN (
        SELECT key FROM skills JOIN categories USING (digest)
        WHERE lower(category) = lower(:category)
    ))
    AND (:operation IS NULL OR skills.key IN (
        SELECT skill FROM capabilities
        WHERE :operation IN (operation, operation || ':' || kind)
    ))
    AND (NOT :eligible OR (
        SELECT is_eligible(name, frontmatter) FROM skills AS one WHERE one.key = skills.key
    ))
