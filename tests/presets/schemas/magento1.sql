-- Magento 1's and OpenMage's tables that matter to orders, typed from their public schema (utf8_general_ci).

CREATE TABLE eav_entity_type (
  entity_type_id smallint(5) unsigned NOT NULL AUTO_INCREMENT, entity_type_code varchar(50) NOT NULL, PRIMARY KEY (entity_type_id)
);
CREATE TABLE eav_attribute (
  attribute_id smallint(5) unsigned NOT NULL AUTO_INCREMENT, entity_type_id smallint(5) unsigned NOT NULL DEFAULT 0,
  attribute_code varchar(255) DEFAULT NULL, backend_type varchar(8) NOT NULL DEFAULT 'static', PRIMARY KEY (attribute_id)
);
CREATE TABLE customer_entity (
  entity_id int(10) unsigned NOT NULL AUTO_INCREMENT, entity_type_id smallint(5) unsigned NOT NULL DEFAULT 0,
  website_id smallint(5) unsigned DEFAULT NULL, email varchar(255) DEFAULT NULL, group_id smallint(5) unsigned NOT NULL DEFAULT 0,
  created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL, is_active smallint(5) unsigned NOT NULL DEFAULT 1,
  PRIMARY KEY (entity_id), KEY email_website (email, website_id)
);
CREATE TABLE customer_entity_varchar (
  value_id int(11) NOT NULL AUTO_INCREMENT, entity_type_id smallint(5) unsigned NOT NULL DEFAULT 0,
  attribute_id smallint(5) unsigned NOT NULL DEFAULT 0, entity_id int(10) unsigned NOT NULL DEFAULT 0, value varchar(255) DEFAULT NULL,
  PRIMARY KEY (value_id), UNIQUE KEY entity_attribute (entity_id, attribute_id)
);
CREATE TABLE sales_flat_order (
  entity_id int(10) unsigned NOT NULL AUTO_INCREMENT, state varchar(32) DEFAULT NULL, status varchar(32) DEFAULT NULL,
  store_id smallint(5) unsigned DEFAULT NULL, customer_id int(10) unsigned DEFAULT NULL, base_grand_total decimal(12,4) DEFAULT NULL,
  base_to_global_rate decimal(12,4) DEFAULT NULL, base_to_order_rate decimal(12,4) DEFAULT NULL,
  base_total_canceled decimal(12,4) DEFAULT NULL, base_total_paid decimal(12,4) DEFAULT NULL,
  base_total_refunded decimal(12,4) DEFAULT NULL, grand_total decimal(12,4) DEFAULT NULL,
  customer_is_guest smallint(5) unsigned DEFAULT NULL, increment_id varchar(50) DEFAULT NULL,
  base_currency_code varchar(3) DEFAULT NULL, global_currency_code varchar(3) DEFAULT NULL, order_currency_code varchar(255) DEFAULT NULL,
  customer_email varchar(255) DEFAULT NULL, customer_firstname varchar(255) DEFAULT NULL, customer_lastname varchar(255) DEFAULT NULL,
  created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL,
  PRIMARY KEY (entity_id), KEY state (state), KEY customer_id (customer_id), KEY created_at (created_at)
);
CREATE TABLE sales_flat_order_item (
  item_id int(10) unsigned NOT NULL AUTO_INCREMENT, order_id int(10) unsigned NOT NULL DEFAULT 0, parent_item_id int(10) unsigned DEFAULT NULL,
  product_id int(10) unsigned DEFAULT NULL, product_type varchar(255) DEFAULT NULL, sku varchar(255) DEFAULT NULL,
  name varchar(255) DEFAULT NULL, qty_ordered decimal(12,4) DEFAULT 0, qty_refunded decimal(12,4) DEFAULT 0,
  base_price decimal(12,4) NOT NULL DEFAULT 0, PRIMARY KEY (item_id), KEY order_id (order_id)
);
