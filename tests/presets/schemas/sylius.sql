-- Sylius' tables that matter to orders, and one of its refund plugin, typed from their public schema
-- (utf8mb4_unicode_ci on MySQL; the same on PostgreSQL).

CREATE TABLE sylius_customer (
  id int NOT NULL, email varchar(255) DEFAULT NULL, email_canonical varchar(255) DEFAULT NULL, first_name varchar(255) DEFAULT NULL,
  last_name varchar(255) DEFAULT NULL, gender varchar(1) DEFAULT 'u' NOT NULL, created_at DATETIME_ NOT NULL,
  updated_at DATETIME_ DEFAULT NULL, PRIMARY KEY (id)
);
CREATE TABLE sylius_order (
  id int NOT NULL, channel_id int DEFAULT NULL, customer_id int DEFAULT NULL, number varchar(255) DEFAULT NULL,
  state varchar(255) NOT NULL, checkout_completed_at DATETIME_ DEFAULT NULL, items_total int NOT NULL, adjustments_total int NOT NULL,
  total int NOT NULL, currency_code varchar(3) NOT NULL, locale_code varchar(255) NOT NULL, checkout_state varchar(255) NOT NULL,
  payment_state varchar(255) NOT NULL, shipping_state varchar(255) NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE sylius_payment (
  id int NOT NULL, method_id int DEFAULT NULL, order_id int NOT NULL, currency_code varchar(3) NOT NULL, amount int NOT NULL,
  state varchar(255) NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE sylius_refund_refund (
  id int NOT NULL, order_id int DEFAULT NULL, amount int NOT NULL, refunded_unit_id int DEFAULT NULL, type varchar(256) NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE sylius_order_item (
  id int NOT NULL, order_id int NOT NULL, variant_id int NOT NULL, quantity int NOT NULL, unit_price int NOT NULL, total int NOT NULL,
  product_name varchar(255) DEFAULT NULL, variant_name varchar(255) DEFAULT NULL, PRIMARY KEY (id)
);
CREATE TABLE sylius_product_variant (id int NOT NULL, product_id int NOT NULL, code varchar(255) NOT NULL, PRIMARY KEY (id));
