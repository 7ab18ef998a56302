-- OpenCart's tables that matter to orders, typed from its public schema (utf8mb4_unicode_ci in 4.1).

CREATE TABLE oc_customer (
  customer_id int(11) NOT NULL AUTO_INCREMENT, customer_group_id int(11) NOT NULL DEFAULT 1, store_id int(11) NOT NULL DEFAULT 0,
  firstname varchar(32) NOT NULL, lastname varchar(32) NOT NULL, email varchar(96) NOT NULL,
  telephone varchar(32) NOT NULL DEFAULT '', status tinyint(1) NOT NULL DEFAULT 1, date_added datetime NOT NULL,
  PRIMARY KEY (customer_id), KEY email (email)
);
CREATE TABLE oc_order (
  order_id int(11) NOT NULL AUTO_INCREMENT, invoice_no int(11) NOT NULL DEFAULT 0, invoice_prefix varchar(26) NOT NULL DEFAULT '',
  store_id int(11) NOT NULL DEFAULT 0, customer_id int(11) NOT NULL DEFAULT 0, firstname varchar(32) NOT NULL DEFAULT '',
  lastname varchar(32) NOT NULL DEFAULT '', email varchar(96) NOT NULL DEFAULT '', total decimal(15,4) NOT NULL DEFAULT 0,
  order_status_id int(11) NOT NULL DEFAULT 0, currency_id int(11) NOT NULL DEFAULT 1, currency_code varchar(3) NOT NULL DEFAULT '',
  currency_value decimal(15,8) NOT NULL DEFAULT 1, date_added datetime NOT NULL, date_modified datetime NOT NULL,
  PRIMARY KEY (order_id), KEY customer_id (customer_id), KEY email (email), KEY order_status_id (order_status_id)
);
CREATE TABLE oc_order_product (
  order_product_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, product_id int(11) NOT NULL,
  name varchar(255) NOT NULL, model varchar(64) NOT NULL DEFAULT '', quantity int(4) NOT NULL,
  price decimal(15,4) NOT NULL DEFAULT 0, total decimal(15,4) NOT NULL DEFAULT 0, tax decimal(15,4) NOT NULL DEFAULT 0,
  PRIMARY KEY (order_product_id), KEY order_id (order_id)
);
CREATE TABLE oc_order_status (
  order_status_id int(11) NOT NULL AUTO_INCREMENT, language_id int(11) NOT NULL, name varchar(32) NOT NULL,
  PRIMARY KEY (order_status_id, language_id)
);
CREATE TABLE oc_product (product_id int(11) NOT NULL AUTO_INCREMENT, model varchar(64) NOT NULL DEFAULT '', manufacturer_id int(11) NOT NULL, PRIMARY KEY (product_id));
CREATE TABLE oc_manufacturer (manufacturer_id int(11) NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL, PRIMARY KEY (manufacturer_id));
CREATE TABLE oc_setting (
  setting_id int(11) NOT NULL AUTO_INCREMENT, store_id int(11) NOT NULL DEFAULT 0, code varchar(128) NOT NULL,
  `key` varchar(128) NOT NULL, value text NOT NULL, serialized tinyint(1) NOT NULL, PRIMARY KEY (setting_id)
);
