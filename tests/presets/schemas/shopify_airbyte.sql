-- What Airbyte's Shopify source writes into PostgreSQL, typed from its public schemas.

CREATE TABLE customers (
  id bigint, email varchar, first_name varchar, last_name varchar, total_spent numeric, orders_count bigint, state varchar,
  note varchar, created_at timestamptz, updated_at timestamptz, shop_url varchar, _airbyte_raw_id varchar NOT NULL DEFAULT '',
  _airbyte_extracted_at timestamptz NOT NULL, _airbyte_meta jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE orders (
  id bigint, customer jsonb, name varchar, order_number bigint, email varchar, currency varchar, total_price numeric,
  current_total_price numeric, subtotal_price numeric, presentment_currency varchar, created_at timestamptz, updated_at timestamptz,
  financial_status varchar, fulfillment_status varchar, cancelled_at timestamptz, test boolean, deleted_at timestamptz,
  line_items jsonb, refunds jsonb, shop_url varchar, _airbyte_raw_id varchar NOT NULL DEFAULT '',
  _airbyte_extracted_at timestamptz NOT NULL, _airbyte_meta jsonb NOT NULL DEFAULT '{}'
);
