-- Shopware 6's tables that matter to orders, typed from its public schema (utf8mb4_unicode_ci).

CREATE TABLE currency (
  id binary(16) NOT NULL, iso_code char(3) NOT NULL, factor double NOT NULL, symbol varchar(255) NOT NULL DEFAULT '',
  created_at datetime(3) NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE customer (
  id binary(16) NOT NULL, customer_number varchar(255) NOT NULL, email varchar(254) NOT NULL, first_name varchar(255) NOT NULL,
  last_name varchar(255) NOT NULL, guest tinyint(1) NOT NULL DEFAULT 0, active tinyint(1) NOT NULL DEFAULT 1,
  order_count int(5) NOT NULL DEFAULT 0, order_total_amount double DEFAULT 0,
  created_at datetime(3) NOT NULL, updated_at datetime(3) DEFAULT NULL,
  PRIMARY KEY (id), KEY email (email)
);
CREATE TABLE state_machine_state (
  id binary(16) NOT NULL, technical_name varchar(255) NOT NULL, state_machine_id binary(16) NOT NULL,
  created_at datetime(3) NOT NULL, PRIMARY KEY (id), UNIQUE KEY name_and_machine (technical_name, state_machine_id)
);
CREATE TABLE `order` (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, state_id binary(16) NOT NULL, order_number varchar(64) DEFAULT NULL,
  currency_id binary(16) NOT NULL, currency_factor double DEFAULT NULL, order_date_time datetime(3) NOT NULL,
  price json NOT NULL, amount_total double GENERATED ALWAYS AS (json_unquote(json_extract(price, '$.totalPrice'))) VIRTUAL,
  primary_order_transaction_id binary(16) DEFAULT NULL, primary_order_transaction_version_id binary(16) DEFAULT NULL,
  created_at datetime(3) NOT NULL, updated_at datetime(3) DEFAULT NULL,
  PRIMARY KEY (id, version_id), KEY state_id (state_id)
);
CREATE TABLE order_customer (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, customer_id binary(16) DEFAULT NULL, order_id binary(16) NOT NULL,
  order_version_id binary(16) NOT NULL, email varchar(254) NOT NULL, first_name varchar(255) NOT NULL, last_name varchar(255) NOT NULL,
  created_at datetime(3) NOT NULL, PRIMARY KEY (id, version_id), KEY order_id (order_id, order_version_id)
);
CREATE TABLE order_transaction (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, order_id binary(16) NOT NULL, order_version_id binary(16) NOT NULL,
  state_id binary(16) NOT NULL, amount json NOT NULL, created_at datetime(3) NOT NULL,
  PRIMARY KEY (id, version_id), KEY order_id (order_id, order_version_id)
);
CREATE TABLE order_transaction_capture (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, order_transaction_id binary(16) NOT NULL,
  order_transaction_version_id binary(16) NOT NULL, state_id binary(16) NOT NULL, external_reference varchar(255) DEFAULT NULL,
  amount json NOT NULL, created_at datetime(3) NOT NULL, PRIMARY KEY (id, version_id)
);
CREATE TABLE order_transaction_capture_refund (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, capture_id binary(16) NOT NULL, capture_version_id binary(16) NOT NULL,
  state_id binary(16) NOT NULL, reason varchar(255) DEFAULT NULL, amount json NOT NULL, created_at datetime(3) NOT NULL,
  PRIMARY KEY (id, version_id)
);
CREATE TABLE order_delivery (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, order_id binary(16) NOT NULL, order_version_id binary(16) NOT NULL,
  state_id binary(16) NOT NULL, created_at datetime(3) NOT NULL, PRIMARY KEY (id, version_id), KEY order_id (order_id, order_version_id)
);
CREATE TABLE order_line_item (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, order_id binary(16) NOT NULL, order_version_id binary(16) NOT NULL,
  parent_id binary(16) DEFAULT NULL, product_id binary(16) DEFAULT NULL, identifier varchar(255) NOT NULL, label varchar(255) NOT NULL,
  type varchar(255) DEFAULT NULL, quantity int(11) NOT NULL, unit_price double DEFAULT NULL, total_price double DEFAULT NULL,
  created_at datetime(3) NOT NULL, PRIMARY KEY (id, version_id), KEY order_id (order_id, order_version_id)
);
CREATE TABLE product (
  id binary(16) NOT NULL, version_id binary(16) NOT NULL, parent_id binary(16) DEFAULT NULL, product_manufacturer_id binary(16) DEFAULT NULL,
  product_number varchar(64) DEFAULT NULL, PRIMARY KEY (id, version_id)
);
CREATE TABLE product_manufacturer_translation (
  product_manufacturer_id binary(16) NOT NULL, product_manufacturer_version_id binary(16) NOT NULL, language_id binary(16) NOT NULL,
  name varchar(255) DEFAULT NULL, PRIMARY KEY (product_manufacturer_id, product_manufacturer_version_id, language_id)
);
