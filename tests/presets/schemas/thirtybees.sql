-- thirty bees' tables that matter to orders, typed from its public schema (utf8mb4_unicode_ci).

CREATE TABLE tb_customer (
  id_customer int(11) unsigned NOT NULL AUTO_INCREMENT, id_shop_group int(11) unsigned NOT NULL DEFAULT 1,
  id_shop int(11) unsigned NOT NULL DEFAULT 1, firstname varchar(255) NOT NULL, lastname varchar(255) NOT NULL,
  email varchar(255) NOT NULL, active tinyint(1) unsigned NOT NULL DEFAULT 0, is_guest tinyint(1) NOT NULL DEFAULT 0,
  deleted tinyint(1) NOT NULL DEFAULT 0, date_add datetime NOT NULL, date_upd datetime NOT NULL,
  PRIMARY KEY (id_customer), KEY customer_email (email)
);
CREATE TABLE tb_orders (
  id_order int(11) unsigned NOT NULL AUTO_INCREMENT, reference varchar(9) DEFAULT NULL,
  id_shop_group int(11) unsigned NOT NULL DEFAULT 1, id_shop int(11) unsigned NOT NULL DEFAULT 1,
  id_customer int(11) unsigned NOT NULL, id_currency int(11) unsigned NOT NULL, current_state int(11) unsigned NOT NULL,
  payment varchar(255) NOT NULL DEFAULT '', conversion_rate decimal(13,6) NOT NULL DEFAULT 1,
  total_paid decimal(20,6) NOT NULL DEFAULT 0, total_paid_tax_incl decimal(20,6) NOT NULL DEFAULT 0,
  total_paid_real decimal(20,6) NOT NULL DEFAULT 0, valid int(1) unsigned NOT NULL DEFAULT 0,
  date_add datetime NOT NULL, date_upd datetime NOT NULL,
  PRIMARY KEY (id_order), KEY reference (reference), KEY id_customer (id_customer), KEY current_state (current_state)
);
CREATE TABLE tb_order_detail (
  id_order_detail int(11) unsigned NOT NULL AUTO_INCREMENT, id_order int(11) unsigned NOT NULL,
  product_id int(11) unsigned NOT NULL, product_name text NOT NULL, product_quantity int(11) unsigned NOT NULL DEFAULT 0,
  product_quantity_refunded int(11) unsigned NOT NULL DEFAULT 0, unit_price_tax_incl decimal(20,6) NOT NULL DEFAULT 0,
  PRIMARY KEY (id_order_detail), KEY order_detail_order (id_order)
);
CREATE TABLE tb_order_slip (
  id_order_slip int(11) unsigned NOT NULL AUTO_INCREMENT, conversion_rate decimal(13,6) NOT NULL DEFAULT 1,
  id_customer int(11) unsigned NOT NULL, id_order int(11) unsigned NOT NULL,
  total_products_tax_excl decimal(20,6) DEFAULT NULL, total_products_tax_incl decimal(20,6) DEFAULT NULL,
  total_shipping_tax_excl decimal(20,6) DEFAULT NULL, total_shipping_tax_incl decimal(20,6) DEFAULT NULL,
  shipping_cost tinyint(3) unsigned NOT NULL DEFAULT 0, amount decimal(20,6) NOT NULL, shipping_cost_amount decimal(20,6) NOT NULL DEFAULT 0,
  partial tinyint(1) NOT NULL, order_slip_type tinyint(1) unsigned NOT NULL DEFAULT 0,
  date_add datetime NOT NULL, date_upd datetime NOT NULL,
  PRIMARY KEY (id_order_slip), KEY id_order (id_order)
);
CREATE TABLE tb_order_state (
  id_order_state int(11) unsigned NOT NULL AUTO_INCREMENT, module_name varchar(255) DEFAULT NULL, logable tinyint(1) NOT NULL DEFAULT 0,
  delivery tinyint(1) unsigned NOT NULL DEFAULT 0, shipped tinyint(1) unsigned NOT NULL DEFAULT 0,
  paid tinyint(1) unsigned NOT NULL DEFAULT 0, active tinyint(1) unsigned NOT NULL DEFAULT 1, deleted tinyint(1) unsigned NOT NULL DEFAULT 0, PRIMARY KEY (id_order_state)
);
CREATE TABLE tb_configuration (
  id_configuration int(11) unsigned NOT NULL AUTO_INCREMENT, id_shop_group int(11) unsigned DEFAULT NULL,
  id_shop int(11) unsigned DEFAULT NULL, name varchar(254) NOT NULL, value text, PRIMARY KEY (id_configuration), KEY name (name(191))
);
CREATE TABLE tb_currency (
  id_currency int(11) unsigned NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL, iso_code varchar(3) NOT NULL DEFAULT '0',
  conversion_rate decimal(13,6) NOT NULL, deleted tinyint(1) unsigned NOT NULL DEFAULT 0, active tinyint(1) unsigned NOT NULL DEFAULT 1,
  PRIMARY KEY (id_currency)
);
CREATE TABLE tb_product (id_product int(11) unsigned NOT NULL AUTO_INCREMENT, id_manufacturer int(11) unsigned DEFAULT NULL, PRIMARY KEY (id_product));
CREATE TABLE tb_manufacturer (id_manufacturer int(11) unsigned NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL, PRIMARY KEY (id_manufacturer));
