-- Solidus' tables that matter to orders, typed from its public migrations.

CREATE TABLE spree_users (
  id serial PRIMARY KEY, encrypted_password varchar, email varchar, login varchar,
  ship_address_id integer, bill_address_id integer, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, deleted_at timestamp
);
CREATE TABLE spree_addresses (
  id serial PRIMARY KEY, name varchar, address1 varchar, city varchar, created_at timestamp(6) NOT NULL
);
CREATE TABLE spree_orders (
  id serial PRIMARY KEY, number varchar(32) NOT NULL, item_total numeric(10,2) NOT NULL DEFAULT 0, total numeric(10,2) NOT NULL DEFAULT 0,
  state varchar, adjustment_total numeric(10,2) NOT NULL DEFAULT 0, user_id integer, completed_at timestamp, bill_address_id integer,
  payment_total numeric(10,2) DEFAULT 0, shipment_state varchar, payment_state varchar, email varchar, currency varchar,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, canceled_at timestamp, store_id integer
);
CREATE TABLE spree_line_items (
  id serial PRIMARY KEY, variant_id integer, order_id integer, quantity integer NOT NULL, price numeric(10,2) NOT NULL, currency varchar
);
CREATE TABLE spree_variants (id serial PRIMARY KEY, product_id integer, sku varchar NOT NULL DEFAULT '', is_master boolean DEFAULT false);
CREATE TABLE spree_products (id serial PRIMARY KEY, name varchar NOT NULL DEFAULT '', slug varchar);
