-- Whom to copy to a mailing tool, and whom to forget there. Once, by psql, as who may create schemas.

CREATE SCHEMA IF NOT EXISTS activate;

-- drt's own log of what was delivered, which is all that is kept of a copy: an id and a version.
CREATE TABLE IF NOT EXISTS activate._drt_audit_log (
    sync_name text NOT NULL,
    run_id text,
    sync_run_id text,
    record_key text NOT NULL,
    logged_fields_json jsonb NOT NULL,
    destination_type text NOT NULL,
    delivered_at text NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_activate_last_delivered
    ON activate._drt_audit_log (sync_name, (logged_fields_json ->> 'customer_id'), delivered_at);

-- Functions, not views: a view would hold on to the columns of customer_intelligence.
-- All numbers here are such as move changed_at; others would grow old at the tool unnoticed.
CREATE OR REPLACE FUNCTION activate.customers_to_copy(tool text)
RETURNS TABLE (
    customer_id text,
    version text,
    email text,
    segment text,
    churn_risk float8,
    predicted_value float8,
    predicted_orders float8
)
LANGUAGE sql STABLE AS $$
    SELECT
        one.customer_id, one.version, one.email, one.segment, one.churn_risk,
        one.predicted_value, one.predicted_orders
    FROM (
        SELECT
            i.customer_id::text AS customer_id,
            concat_ws(' ', extract(epoch FROM i.changed_at), hashtextextended(c.email, 0)) AS version,
            c.email::text AS email,
            -- Whom a campaign holds out is in no segment that a tool mails, until it is over.
            CASE WHEN i.held_out_until IS NULL THEN i.archetype_id::text ELSE 'held_out' END
                AS segment,
            i.churn_risk::float8 AS churn_risk,
            i.predicted_value::float8 AS predicted_value,
            i.predicted_orders::float8 AS predicted_orders,
            i.held_out_until IS NOT NULL AS is_held_out
        FROM customer_intelligence AS i
        JOIN ecommerce.customers AS c ON c.id = i.customer_id
        WHERE c.email LIKE '%@%'
    ) AS one
    LEFT JOIN LATERAL (
        SELECT logged_fields_json ->> 'version' AS version
        FROM activate._drt_audit_log
        WHERE sync_name = tool AND logged_fields_json ->> 'customer_id' = one.customer_id
        ORDER BY delivered_at DESC
        LIMIT 1
    ) AS delivered ON true
    WHERE delivered.version IS DISTINCT FROM one.version
        AND NOT (one.is_held_out AND delivered.version IS NULL)
        AND one.customer_id NOT IN (SELECT g.customer_id FROM intelligence_customers_gone AS g)
$$;

CREATE OR REPLACE FUNCTION activate.customers_to_forget(tool text)
RETURNS TABLE (customer_id text)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT g.customer_id
    FROM intelligence_customers_gone AS g
    JOIN activate._drt_audit_log AS l ON l.logged_fields_json ->> 'customer_id' = g.customer_id
    WHERE l.sync_name = tool
$$;
