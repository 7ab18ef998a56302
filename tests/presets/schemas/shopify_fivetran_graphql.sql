-- What Fivetran's Shopify connector copies by GraphQL, typed from its published schema.

CREATE TABLE customer (
  id bigint PRIMARY KEY, email text, first_name text, last_name text, phone text, state text, total_spent double precision,
  orders_count bigint, created_at timestamptz, updated_at timestamptz, _fivetran_deleted boolean, _fivetran_synced timestamptz
);
CREATE TABLE "order" (
  id bigint PRIMARY KEY, customer_id bigint, name text, number bigint, email text, currency_code text,
  presentment_currency_code text, total_price_set_shop_amount double precision, total_price_set_shop_currency_code text,
  total_price_set_pres_amount double precision, created_at timestamptz, processed_at timestamptz, updated_at timestamptz,
  cancelled_at timestamptz, cancel_reason text, display_financial_status text, display_fulfillment_status text, test boolean,
  _fivetran_synced timestamptz, _fivetran_deleted boolean
);
CREATE TABLE order_line (
  id bigint PRIMARY KEY, order_id bigint, product_id bigint, variant_id bigint, title text, name text, quantity bigint,
  original_unit_price_set_shop_amount double precision, original_total_set_shop_amount double precision, vendor text, sku text,
  is_gift_card boolean, _fivetran_synced timestamptz
);
CREATE TABLE refund (
  id bigint PRIMARY KEY, order_id bigint, return_id bigint, created_at timestamptz, note text,
  total_refunded_set_shop_amount double precision, total_refunded_set_shop_currency_code text
);
CREATE TABLE order_line_refund (
  id bigint PRIMARY KEY, refund_id bigint, order_line_id bigint, quantity double precision, subtotal_set_shop_amount double precision,
  total_tax_set_shop_amount double precision
);
CREATE TABLE transaction (
  id bigint PRIMARY KEY, order_id bigint, refund_id bigint, amount_set_shop_amount double precision,
  amount_set_shop_currency_code text, kind text, status text, gateway text, test boolean, created_at timestamptz
);
