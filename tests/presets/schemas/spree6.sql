-- What Spree 6 calls otherwise.

CREATE TABLE spree_customers (
  id bigserial PRIMARY KEY, encrypted_password varchar, email varchar, login varchar, first_name varchar, last_name varchar,
  ship_address_id bigint, bill_address_id bigint, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, deleted_at timestamp
);
CREATE TABLE spree_addresses (
  id bigserial PRIMARY KEY, firstname varchar, lastname varchar, address1 varchar, city varchar, created_at timestamp(6) NOT NULL
);
CREATE TABLE spree_orders (
  id bigserial PRIMARY KEY, number varchar(32) NOT NULL, item_total numeric(10,2) NOT NULL DEFAULT 0, total numeric(10,2) NOT NULL DEFAULT 0,
  state varchar, adjustment_total numeric(10,2) NOT NULL DEFAULT 0, customer_id bigint, completed_at timestamp, bill_address_id bigint,
  payment_total numeric(10,2) DEFAULT 0, shipment_state varchar, payment_state varchar, email varchar, currency varchar,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, canceled_at timestamp, store_id bigint
);
CREATE TABLE spree_line_items (
  id bigserial PRIMARY KEY, variant_id bigint, order_id bigint, quantity integer NOT NULL, price numeric(10,2) NOT NULL, currency varchar
);
CREATE TABLE spree_variants (id bigserial PRIMARY KEY, product_id bigint, sku varchar NOT NULL DEFAULT '', is_master boolean DEFAULT false);
CREATE TABLE spree_products (id bigserial PRIMARY KEY, name varchar NOT NULL DEFAULT '', slug varchar);
