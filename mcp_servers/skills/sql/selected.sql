-- The keys of the skills that pass the filters; a filter that is NULL or 0 lets everything through.
SELECT key FROM skills
WHERE (:category IS NULL OR digest IN (
        SELECT digest FROM categories WHERE lower(category) = lower(:category)
    ))
    AND (NOT :eligible OR mcp_eligible(name, frontmatter))
