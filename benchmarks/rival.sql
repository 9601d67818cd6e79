-- The same questions as scimaudit's correlation and rules, as a plain DuckDB script over the same Parquet files.
-- {folder} is the snapshot, {out} the folder for the CSV files. Written for speed, not for evidence: no ledger of what
-- could not be judged, no reasons, no runners-up.
SET threads = 2;
CREATE TABLE people AS SELECT * FROM read_parquet('{folder}/tables/people.parquet');
CREATE TABLE accounts AS SELECT * FROM read_parquet('{folder}/tables/accounts/*.parquet');
CREATE VIEW grants AS SELECT * FROM read_parquet('{folder}/tables/grants/*.parquet');
CREATE TABLE links AS
WITH numbers AS (SELECT employee_number_key AS key, min(person_id) AS person_id, count(DISTINCT person_id) AS many FROM people GROUP BY 1),
     mails AS (SELECT key, min(person_id) AS person_id, count(DISTINCT person_id) AS many
               FROM (SELECT unnest(email_keys) AS key, person_id FROM people) GROUP BY 1),
     logins AS (SELECT user_name_key AS key, min(person_id) AS person_id, count(DISTINCT person_id) AS many FROM people GROUP BY 1)
SELECT a.app, a.account_id,
       n.person_id AS by_number, m.person_id AS by_mail, l.person_id AS by_login,
       coalesce(n.person_id, m.person_id, l.person_id) AS first,
       (coalesce(n.many, 1) > 1 OR coalesce(m.many, 1) > 1 OR coalesce(l.many, 1) > 1
        OR coalesce(n.person_id <> m.person_id, false) OR coalesce(n.person_id <> l.person_id, false)
        OR coalesce(m.person_id <> l.person_id, false)) AS ambiguous
FROM accounts a
LEFT JOIN numbers n ON n.key = a.employee_number_key
LEFT JOIN mails m ON m.key = a.email_keys[1]
LEFT JOIN logins l ON l.key = a.user_name_key;
CREATE TABLE owned AS
SELECT a.app, a.account_id, a.user_name, a.active, a.department, a.title, a.given_name, a.family_name, a.external_id,
       CASE WHEN l.ambiguous THEN NULL ELSE l.first END AS person_id, l.ambiguous,
       p.status, p.department AS roster_department, p.title AS roster_title
FROM accounts a JOIN links l USING (app, account_id)
LEFT JOIN people p ON p.person_id = CASE WHEN l.ambiguous THEN NULL ELSE l.first END;
CREATE TABLE findings AS
SELECT 'leaver-active' AS kind, app, account_id, person_id, NULL AS value FROM owned WHERE active AND status = 'terminated'
UNION ALL SELECT 'unmatched', app, account_id, NULL, NULL FROM owned WHERE active AND person_id IS NULL AND NOT ambiguous
UNION ALL SELECT 'ambiguous', app, account_id, NULL, NULL FROM owned WHERE ambiguous
UNION ALL SELECT 'status-drift', app, account_id, person_id, NULL FROM owned
          WHERE (active AND status = 'terminated') OR (NOT active AND status = 'active')
UNION ALL SELECT 'attribute-drift', app, account_id, person_id, 'department' FROM owned
          WHERE active AND person_id IS NOT NULL AND lower(trim(department)) <> lower(trim(roster_department))
UNION ALL SELECT 'attribute-drift', app, account_id, person_id, 'title' FROM owned
          WHERE active AND person_id IS NOT NULL AND lower(trim(title)) <> lower(trim(roster_title))
UNION ALL SELECT 'duplicate', app, NULL, person_id, NULL FROM owned WHERE active AND person_id IS NOT NULL
          GROUP BY app, person_id HAVING count(*) > 1
UNION ALL SELECT 'disabled-residual', o.app, o.account_id, o.person_id, NULL FROM owned o
          WHERE NOT o.active AND EXISTS (SELECT 1 FROM grants g WHERE g.app = o.app AND g.account_id = o.account_id)
UNION ALL SELECT 'excess', g.app, g.account_id, o.person_id, g.value FROM grants g JOIN owned o USING (app, account_id)
          WHERE o.active AND o.person_id IS NOT NULL
            AND g.value = 'group39' AND CAST(right(o.roster_department, 2) AS INTEGER) >= 20;
COPY findings TO '{out}/findings.csv' (HEADER);
COPY (SELECT kind, app, account_id, person_id, value FROM findings) TO '{out}/findings.json' (FORMAT json);
COPY (SELECT kind, count(*) FROM findings GROUP BY 1 ORDER BY 1) TO '{out}/counts.csv' (HEADER);
