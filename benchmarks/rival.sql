-- The questions of scimaudit's rules, asked in plain SQL of linked accounts. Written for speed, not for evidence: no
-- ledger of what could not be judged, no reasons, no words.
-- Rights that no rule of the policy allows.
CREATE TABLE ruled AS
SELECT h.*, a.departments IS NULL AS silent,
       coalesce(h.post >= a.departments, false) AS barred, coalesce(h.previous_post < a.departments, false) AS allowed_before
FROM held h LEFT JOIN allowed a USING (app, value)
WHERE h.human AND h.active AND NOT coalesce(h.post < a.departments, false);
CREATE TABLE powers AS
SELECT h.app, h.account_id, h.person_id, h.value, h.nhi, v.account IS NOT NULL AS approved,
       coalesce(v.signer = h.person_id, false) AS self_signed,
       least(v.until + INTERVAL 1 DAY, CAST(h.granted_at AS TIMESTAMP) + INTERVAL 90 DAY) AS ends
FROM held h LEFT JOIN approvals v ON v.app = h.app AND v.account = h.account_id AND v.value = h.value
WHERE h.value = 'admin' AND h.active;
CREATE TABLE sides AS
SELECT DISTINCT pair, side, person_id
FROM (SELECT p.pair, 1 AS side, h.person_id FROM held h JOIN pairs p ON h.app = p.left_app AND h.value = p.left_value
      WHERE h.human AND h.active
      UNION ALL
      SELECT p.pair, 2, h.person_id FROM held h JOIN pairs p ON h.app = p.right_app AND h.value = p.right_value
      WHERE h.human AND h.active);
CREATE TABLE outliers AS
WITH posts AS (SELECT department, count(*) AS peers FROM people WHERE employed GROUP BY 1),
     judged AS (SELECT * FROM ruled WHERE employed),
     holders AS (SELECT app, value, roster_department, count(DISTINCT person_id) AS number FROM judged GROUP BY ALL)
SELECT j.app, j.account_id, j.person_id, j.value
FROM judged j JOIN holders USING (app, value, roster_department)
JOIN posts p ON p.department = j.roster_department
WHERE p.peers >= 5 AND holders.number * 100 < 2 * p.peers;
CREATE TABLE findings AS
SELECT 'leaver-active' AS kind, app, account_id, person_id, NULL AS value FROM owned WHERE active AND human AND ended
UNION ALL SELECT 'unmatched', app, account_id, NULL, NULL FROM owned WHERE active AND person_id IS NULL AND NOT ambiguous AND NOT nhi
UNION ALL SELECT 'ambiguous', app, account_id, NULL, NULL FROM owned WHERE ambiguous AND NOT nhi
UNION ALL SELECT 'status-drift', app, account_id, person_id, NULL FROM owned o
          WHERE human AND ((active AND ended) OR (NOT active AND employed AND status = 'active' AND NOT EXISTS (
                SELECT 1 FROM owned p WHERE p.app = o.app AND p.person_id = o.person_id AND p.active)))
UNION ALL SELECT 'attribute-drift', app, account_id, person_id, 'department' FROM owned
          WHERE active AND human AND lower(trim(department)) <> lower(trim(roster_department))
UNION ALL SELECT 'attribute-drift', app, account_id, person_id, 'title' FROM owned
          WHERE active AND human AND lower(trim(title)) <> lower(trim(roster_title))
UNION ALL SELECT 'sync-late', app, account_id, person_id, 'department' FROM owned
          WHERE active AND human AND lower(trim(department)) = lower(trim(previous_department))
            AND lower(trim(previous_department)) <> lower(trim(roster_department)) AND moved_on < DATE '2026-11-19'
UNION ALL SELECT 'duplicate', app, NULL, person_id, NULL FROM owned WHERE active AND human
          GROUP BY app, person_id HAVING count(*) > 1
UNION ALL SELECT 'dormant', app, account_id, person_id, NULL FROM owned
          WHERE active AND floor((epoch(TIMESTAMP '2026-11-20 23:59:59') - epoch(last_login)) / 86400)
                > CASE WHEN kind IN ('service', 'shared') THEN 180 ELSE 90 END
UNION ALL SELECT 'never-used', app, account_id, person_id, NULL FROM owned
          WHERE active AND last_login IS NULL AND kind <> 'break-glass'
            AND floor((epoch(TIMESTAMP '2026-11-20 23:59:59') - epoch(created)) / 86400) > 90
UNION ALL SELECT 'out-of-band', app, account_id, person_id, NULL FROM owned WHERE active AND NOT nhi AND external_id IS NULL
UNION ALL SELECT 'external-expired', app, account_id, person_id, NULL FROM owned
          WHERE active AND human AND worker_type LIKE '%contract%' AND ended
UNION ALL SELECT 'prestart', app, account_id, person_id, NULL FROM owned
          WHERE active AND human AND start_date > DATE '2026-11-20' AND NOT ended
UNION ALL SELECT 'on-leave-active', app, account_id, person_id, NULL FROM owned
          WHERE active AND human AND status = 'leave' AND NOT ended
UNION ALL SELECT 'shared', app, account_id, person_id, NULL FROM owned WHERE active AND kind = 'shared'
UNION ALL SELECT 'nhi-unowned', app, account_id, person_id, NULL FROM owned
          WHERE active AND (registered OR kind IN ('service', 'shared', 'break-glass')) AND (NOT nhi OR answers IS NULL)
UNION ALL SELECT 'nhi-owner-left', app, account_id, person_id, NULL FROM owned WHERE active AND registered AND NOT owner_employed
UNION ALL SELECT 'review-overdue', app, NULL, NULL, account FROM register WHERE review_date IS NULL OR review_date < DATE '2026-11-20'
UNION ALL SELECT 'missing-account', app, NULL, person_id, NULL
          FROM people p, (SELECT DISTINCT app FROM owned WHERE app < 'app05') a
          WHERE p.employed AND p.post = 0
            AND NOT EXISTS (SELECT 1 FROM owned o WHERE o.app = a.app AND o.person_id = p.person_id AND NOT o.nhi)
            AND NOT EXISTS (SELECT 1 FROM owned o WHERE o.app = a.app AND o.ambiguous AND p.person_id IN (o.first, o.last))
UNION ALL SELECT DISTINCT 'birthright-missing', app, NULL, person_id, 'group10' FROM owned o
          WHERE app < 'app05' AND active AND human AND employed AND post = 0
            AND NOT EXISTS (SELECT 1 FROM held h WHERE h.app = o.app AND h.person_id = o.person_id AND h.value = 'group10')
UNION ALL SELECT 'disabled-residual', o.app, o.account_id, o.person_id, NULL FROM owned o
          WHERE NOT o.active AND EXISTS (SELECT 1 FROM held h WHERE h.app = o.app AND h.account_id = o.account_id)
UNION ALL SELECT 'excess', app, account_id, person_id, value FROM ruled WHERE barred OR (silent AND closed)
UNION ALL SELECT 'mover-residual', app, account_id, person_id, value FROM ruled WHERE barred AND allowed_before
UNION ALL SELECT 'rehire-residual', app, account_id, person_id, value FROM ruled r
          WHERE employed AND created <= previous_end_date AND granted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM approvals v WHERE v.app = r.app AND v.account = r.account_id AND v.value = r.value
                            AND v.approved_on > r.previous_end_date)
UNION ALL SELECT 'peer-outlier', app, account_id, person_id, value FROM outliers
UNION ALL SELECT 'privileged-unapproved', app, account_id, person_id, value FROM powers WHERE NOT approved OR self_signed
UNION ALL SELECT 'standing-privilege', app, account_id, person_id, value FROM powers WHERE ends IS NULL
          -- Whether its holder signed for it, nobody can tell of an account that nobody owns.
          AND NOT (approved AND person_id IS NULL AND NOT nhi)
UNION ALL SELECT 'grant-expired', app, account_id, person_id, value FROM powers WHERE ends <= TIMESTAMP '2026-11-20 23:59:59'
UNION ALL SELECT 'sod', NULL, NULL, person_id, pair FROM sides GROUP BY pair, person_id HAVING count(*) = 2;
