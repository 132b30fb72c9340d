-- The page of the list ?1 that follows the skill ?2, if it was made before.
SELECT entries, following FROM pages WHERE listing = ?1 AND after = ?2
