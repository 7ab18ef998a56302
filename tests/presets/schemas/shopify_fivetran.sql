-- What Fivetran's Shopify connector copies by REST, typed from its published schema.

CREATE TABLE customer (
  id bigint PRIMARY KEY, email text, first_name text, last_name text, phone text, state text, total_spent double precision,
  orders_count bigint, created_at timestamptz, updated_at timestamptz, _fivetran_deleted boolean, _fivetran_synced timestamptz
);
CREATE TABLE "order" (
  id bigint PRIMARY KEY, customer_id bigint, name text, number bigint, order_number bigint, email text, currency text,
  presentment_currency text, total_price double precision, total_price_set jsonb, subtotal_price double precision,
  created_at timestamptz, processed_at timestamptz, updated_at timestamptz, cancelled_at timestamptz, cancel_reason text,
  financial_status text, fulfillment_status text, test boolean, _fivetran_deleted boolean, _fivetran_synced timestamptz
);
CREATE TABLE order_line (
  id bigint PRIMARY KEY, order_id bigint, product_id bigint, variant_id bigint, title text, name text, quantity bigint,
  price double precision, total_discount double precision, vendor text, sku text, gift_card boolean, _fivetran_synced timestamptz
);
CREATE TABLE refund (id bigint PRIMARY KEY, order_id bigint, created_at timestamptz, processed_at timestamptz, note text, restock boolean);
CREATE TABLE order_line_refund (
  id bigint PRIMARY KEY, refund_id bigint, order_line_id bigint, location_id bigint, quantity double precision, subtotal numeric,
  total_tax numeric, restock_type text
);
CREATE TABLE order_adjustment (
  id bigint PRIMARY KEY, order_id bigint, refund_id bigint, amount numeric, tax_amount numeric, kind text, reason text
);
CREATE TABLE transaction (
  id bigint PRIMARY KEY, order_id bigint, refund_id bigint, amount numeric, currency text, kind text, status text, gateway text,
  test boolean, created_at timestamptz, _fivetran_synced timestamptz
);
