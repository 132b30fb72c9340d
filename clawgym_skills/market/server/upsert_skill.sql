INSERT INTO skills
    (owner, slug, display_name, summary, topics, verdict, reasons, created_at, updated_at)
VALUES (:owner, :slug, :display_name, :summary, :topics, :verdict, :reasons, :at, :at)
ON CONFLICT (owner, slug) DO UPDATE SET
    display_name = excluded.display_name,
    summary = excluded.summary,
    topics = excluded.topics,
    verdict = excluded.verdict,
    reasons = excluded.reasons,
    updated_at = excluded.updated_at
RETURNING id
