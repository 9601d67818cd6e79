-- What was found, as CSV and JSON in {out}.
COPY findings TO '{out}/findings.csv' (HEADER);
COPY (SELECT kind, app, account_id, person_id, value FROM findings) TO '{out}/findings.json' (FORMAT json);
COPY (SELECT kind, count(*) FROM findings GROUP BY 1 ORDER BY 1) TO '{out}/counts.csv' (HEADER);
