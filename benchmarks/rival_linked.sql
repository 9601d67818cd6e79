-- Accounts linked to people and grants to accounts, as a plain DuckDB script over the same Parquet files.
-- {folder} is the snapshot, {policy} the policy folder.
SET threads = 2;
SET TimeZone = 'UTC';
CREATE TABLE people AS
SELECT *, CAST(right(department, 2) AS INTEGER) AS post, CAST(right(previous_department, 2) AS INTEGER) AS previous_post,
       status = 'terminated' OR coalesce(end_date < DATE '2026-11-20', false) AS ended,
       coalesce(start_date <= DATE '2026-11-20', true) AS started,
       status IN ('active', 'leave') AND started AND NOT ended AS employed
FROM read_parquet('{folder}/tables/people.parquet');
CREATE TABLE accounts AS SELECT * FROM read_parquet('{folder}/tables/accounts/*.parquet');
CREATE TABLE register AS
SELECT n.*, replace(n.account, '*', '%') AS pattern, p.person_id AS answers, p.employed AS owner_employed
FROM read_csv('{policy}/nhi.csv', header = true, nullstr = '', types = {'review_date': 'DATE', 'expires': 'DATE'}) n
LEFT JOIN people p ON p.user_name_key = n.owner;
CREATE TABLE links AS
WITH numbers AS (SELECT employee_number_key AS key, min(person_id) AS person_id, max(person_id) AS last FROM people GROUP BY 1),
     mails AS (SELECT key, min(person_id) AS person_id, max(person_id) AS last
               FROM (SELECT unnest(email_keys) AS key, person_id FROM people) GROUP BY 1),
     logins AS (SELECT user_name_key AS key, min(person_id) AS person_id, max(person_id) AS last FROM people GROUP BY 1)
SELECT a.app, a.account_id,
       least(x.person_id, n.person_id, m.person_id, l.person_id) AS first,
       greatest(x.last, n.last, m.last, l.last) AS last,
       coalesce(first <> greatest(x.last, n.last, m.last, l.last), false) AS ambiguous
FROM accounts a
LEFT JOIN numbers x ON x.key = a.external_id_key
LEFT JOIN numbers n ON n.key = a.employee_number_key
LEFT JOIN mails m ON m.key = a.email_keys[1]
LEFT JOIN logins l ON l.key = a.user_name_key;
CREATE TABLE owned AS
SELECT a.app, a.account_id, a.user_name, a.active, a.department, a.title, a.external_id, a.created, a.last_login,
       CASE WHEN l.ambiguous THEN NULL ELSE l.first END AS person_id, l.ambiguous, l.first, l.last,
       p.status, p.worker_type, p.start_date, p.department AS roster_department, p.title AS roster_title,
       p.previous_department, p.previous_end_date, p.moved_on, p.post, p.previous_post, p.ended, p.started, p.employed,
       r.account IS NOT NULL AS registered, r.owner AS nhi_owner, r.answers, r.owner_employed,
       r.account IS NOT NULL AND coalesce(r.expires >= DATE '2026-11-20', true) AS nhi,
       coalesce(r.kind, a.account_kind) AS kind,
       l.first IS NOT NULL AND NOT l.ambiguous AND NOT nhi AS human,
       CAST(right(a.app, 2) AS INTEGER) % 2 = 0 AS closed
FROM accounts a JOIN links l USING (app, account_id)
LEFT JOIN people p ON p.person_id = CASE WHEN l.ambiguous THEN NULL ELSE l.first END
LEFT JOIN register r ON r.app = a.app AND a.user_name LIKE r.pattern;
CREATE TABLE held AS
SELECT g.app, g.account_id, g.value, g.granted_at, o.active, o.person_id, o.human, o.nhi, o.employed, o.ended, o.post, o.previous_post,
       o.roster_department, o.roster_title, o.previous_end_date, o.created, o.closed
FROM read_parquet('{folder}/tables/grants/*.parquet') g JOIN owned o USING (app, account_id);
CREATE TABLE approvals AS
SELECT v.*, p.person_id AS signer
FROM read_csv('{policy}/approvals.csv', header = true, nullstr = '', types = {'until': 'DATE', 'approved_on': 'DATE'}) v
LEFT JOIN people p ON p.user_name_key = v.approved_by;
-- The entitlement policy: to how many departments a group is open; no row where no rule names it.
CREATE TABLE allowed AS
SELECT app, value, departments FROM (
  SELECT app, format('group{:02d}', g) AS value, 40 AS departments
  FROM (SELECT DISTINCT app, closed FROM owned), range(39) t(g) WHERE closed OR g < 30
  UNION ALL SELECT DISTINCT app, 'group39', 20 FROM owned
  UNION ALL SELECT DISTINCT app, 'admin', 10 FROM owned);
CREATE TABLE pairs AS
SELECT format('within-{}', n) AS pair, format('app{:02d}', n) AS left_app, 'admin' AS left_value,
       format('app{:02d}', n) AS right_app, 'group05' AS right_value FROM range(10) t(n)
UNION ALL
SELECT format('across-{}', n), format('app{:02d}', n), 'group39', format('app{:02d}', n + 1), 'group38' FROM range(10, 30, 2) t(n);
