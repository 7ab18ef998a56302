-- Magento 2's tables that matter to orders, typed from its public schema (utf8mb4_general_ci).

CREATE TABLE customer_entity (
  entity_id int(10) unsigned NOT NULL AUTO_INCREMENT, website_id smallint(5) unsigned DEFAULT NULL,
  email varchar(255) DEFAULT NULL, group_id smallint(5) unsigned NOT NULL DEFAULT 0, increment_id varchar(50) DEFAULT NULL,
  store_id smallint(5) unsigned DEFAULT 0, created_at timestamp NOT NULL DEFAULT current_timestamp(),
  updated_at timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  is_active smallint(5) unsigned NOT NULL DEFAULT 1, firstname varchar(255) DEFAULT NULL, lastname varchar(255) DEFAULT NULL,
  PRIMARY KEY (entity_id), UNIQUE KEY email_website (email, website_id)
);
CREATE TABLE sales_order (
  entity_id int(10) unsigned NOT NULL AUTO_INCREMENT, state varchar(32) DEFAULT NULL, status varchar(32) DEFAULT NULL,
  store_id smallint(5) unsigned DEFAULT NULL, customer_id int(10) unsigned DEFAULT NULL,
  base_grand_total decimal(20,4) DEFAULT NULL, base_to_global_rate decimal(20,4) DEFAULT NULL,
  base_to_order_rate decimal(20,4) DEFAULT NULL, base_total_canceled decimal(20,4) DEFAULT NULL,
  base_total_paid decimal(20,4) DEFAULT NULL, base_total_refunded decimal(20,4) DEFAULT NULL,
  base_total_offline_refunded decimal(20,4) DEFAULT NULL, base_total_online_refunded decimal(20,4) DEFAULT NULL,
  grand_total decimal(20,4) DEFAULT NULL, total_refunded decimal(20,4) DEFAULT NULL,
  customer_is_guest smallint(5) unsigned DEFAULT NULL, increment_id varchar(50) DEFAULT NULL,
  base_currency_code varchar(3) DEFAULT NULL, global_currency_code varchar(3) DEFAULT NULL,
  order_currency_code varchar(255) DEFAULT NULL, customer_email varchar(128) DEFAULT NULL,
  customer_firstname varchar(128) DEFAULT NULL, customer_lastname varchar(128) DEFAULT NULL,
  created_at timestamp NOT NULL DEFAULT current_timestamp(),
  updated_at timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  PRIMARY KEY (entity_id), KEY state (state), KEY customer_id (customer_id), KEY created_at (created_at)
);
CREATE TABLE sales_order_item (
  item_id int(10) unsigned NOT NULL AUTO_INCREMENT, order_id int(10) unsigned NOT NULL DEFAULT 0,
  parent_item_id int(10) unsigned DEFAULT NULL, product_id int(10) unsigned DEFAULT NULL,
  product_type varchar(255) DEFAULT NULL, sku varchar(255) DEFAULT NULL, name varchar(255) DEFAULT NULL,
  qty_canceled decimal(12,4) DEFAULT 0, qty_ordered decimal(12,4) DEFAULT 0, qty_refunded decimal(12,4) DEFAULT 0,
  qty_shipped decimal(12,4) DEFAULT 0, base_price decimal(12,4) NOT NULL DEFAULT 0,
  PRIMARY KEY (item_id), KEY order_id (order_id)
);
