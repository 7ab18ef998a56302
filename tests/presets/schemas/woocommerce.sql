-- WordPress' and WooCommerce's tables that matter to orders, typed from their public schema.
-- Their own collation is what WordPress chooses: utf8mb4_unicode_520_ci.

CREATE TABLE wp_users (
  ID bigint(20) unsigned NOT NULL AUTO_INCREMENT, user_login varchar(60) NOT NULL DEFAULT '',
  user_pass varchar(255) NOT NULL DEFAULT '', user_nicename varchar(50) NOT NULL DEFAULT '',
  user_email varchar(100) NOT NULL DEFAULT '', user_url varchar(100) NOT NULL DEFAULT '',
  user_registered datetime NOT NULL DEFAULT '0000-00-00 00:00:00', user_status int(11) NOT NULL DEFAULT 0,
  display_name varchar(250) NOT NULL DEFAULT '',
  PRIMARY KEY (ID), KEY user_login_key (user_login), KEY user_email (user_email)
);
CREATE TABLE wp_usermeta (
  umeta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, user_id bigint(20) unsigned NOT NULL DEFAULT 0,
  meta_key varchar(255) DEFAULT NULL, meta_value longtext,
  PRIMARY KEY (umeta_id), KEY user_id (user_id), KEY meta_key (meta_key(191))
);
CREATE TABLE wp_options (
  option_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, option_name varchar(191) NOT NULL DEFAULT '',
  option_value longtext NOT NULL, autoload varchar(20) NOT NULL DEFAULT 'yes',
  PRIMARY KEY (option_id), UNIQUE KEY option_name (option_name)
);
CREATE TABLE wp_posts (
  ID bigint(20) unsigned NOT NULL AUTO_INCREMENT, post_author bigint(20) unsigned NOT NULL DEFAULT 0,
  post_date datetime NOT NULL DEFAULT '0000-00-00 00:00:00', post_date_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  post_title text NOT NULL, post_status varchar(20) NOT NULL DEFAULT 'publish',
  post_parent bigint(20) unsigned NOT NULL DEFAULT 0, post_type varchar(20) NOT NULL DEFAULT 'post',
  PRIMARY KEY (ID), KEY type_status_date (post_type, post_status, post_date, ID), KEY post_parent (post_parent)
);
CREATE TABLE wp_postmeta (
  meta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, post_id bigint(20) unsigned NOT NULL DEFAULT 0,
  meta_key varchar(255) DEFAULT NULL, meta_value longtext,
  PRIMARY KEY (meta_id), KEY post_id (post_id), KEY meta_key (meta_key(191))
);
CREATE TABLE wp_woocommerce_order_items (
  order_item_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_item_name text NOT NULL,
  order_item_type varchar(200) NOT NULL DEFAULT '', order_id bigint(20) unsigned NOT NULL,
  PRIMARY KEY (order_item_id), KEY order_id (order_id)
);
CREATE TABLE wp_woocommerce_order_itemmeta (
  meta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_item_id bigint(20) unsigned NOT NULL,
  meta_key varchar(255) DEFAULT NULL, meta_value longtext,
  PRIMARY KEY (meta_id), KEY order_item_id (order_item_id), KEY meta_key (meta_key(32))
);
CREATE TABLE wp_wc_orders (
  id bigint(20) unsigned NOT NULL, status varchar(20) DEFAULT NULL, currency varchar(10) DEFAULT NULL,
  type varchar(20) DEFAULT NULL, tax_amount decimal(26,8) DEFAULT NULL, total_amount decimal(26,8) DEFAULT NULL,
  customer_id bigint(20) unsigned DEFAULT NULL, billing_email varchar(320) DEFAULT NULL,
  date_created_gmt datetime DEFAULT NULL, date_updated_gmt datetime DEFAULT NULL,
  parent_order_id bigint(20) unsigned DEFAULT NULL, payment_method varchar(100) DEFAULT NULL,
  payment_method_title text, transaction_id varchar(100) DEFAULT NULL, ip_address varchar(100) DEFAULT NULL,
  user_agent text, customer_note text,
  PRIMARY KEY (id), KEY status (status), KEY date_created (date_created_gmt),
  KEY customer_id_billing_email (customer_id, billing_email(171)), KEY billing_email (billing_email(191)),
  KEY type_status_date (type, status, date_created_gmt), KEY parent_order_id (parent_order_id)
);
CREATE TABLE wp_wc_order_addresses (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_id bigint(20) unsigned NOT NULL,
  address_type varchar(20) DEFAULT NULL, first_name text, last_name text, company text, city text, country text,
  email varchar(320) DEFAULT NULL, phone varchar(100) DEFAULT NULL,
  PRIMARY KEY (id), UNIQUE KEY address_type_order_id (address_type, order_id), KEY order_id (order_id)
);
CREATE TABLE wp_wc_customer_lookup (
  customer_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, user_id bigint(20) unsigned DEFAULT NULL,
  username varchar(60) NOT NULL DEFAULT '', first_name varchar(255) NOT NULL, last_name varchar(255) NOT NULL,
  email varchar(100) DEFAULT NULL, date_last_active timestamp NULL DEFAULT NULL,
  date_registered timestamp NULL DEFAULT NULL, country char(2) NOT NULL DEFAULT '',
  postcode varchar(20) NOT NULL DEFAULT '', city varchar(100) NOT NULL DEFAULT '', state varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (customer_id), UNIQUE KEY user_id (user_id), KEY email (email)
);
CREATE TABLE wp_wc_order_stats (
  order_id bigint(20) unsigned NOT NULL, parent_id bigint(20) unsigned NOT NULL DEFAULT 0,
  date_created datetime NOT NULL DEFAULT '0000-00-00 00:00:00', date_created_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  date_paid datetime DEFAULT '0000-00-00 00:00:00', date_completed datetime DEFAULT '0000-00-00 00:00:00',
  num_items_sold int(11) NOT NULL DEFAULT 0, total_sales double NOT NULL DEFAULT 0, tax_total double NOT NULL DEFAULT 0,
  shipping_total double NOT NULL DEFAULT 0, net_total double NOT NULL DEFAULT 0, returning_customer tinyint(1) DEFAULT NULL,
  status varchar(20) NOT NULL, customer_id bigint(20) unsigned NOT NULL,
  PRIMARY KEY (order_id), KEY date_created (date_created), KEY customer_id (customer_id), KEY status (status)
);
CREATE TABLE wp_wc_order_product_lookup (
  order_item_id bigint(20) unsigned NOT NULL, order_id bigint(20) unsigned NOT NULL,
  product_id bigint(20) unsigned NOT NULL, variation_id bigint(20) unsigned NOT NULL,
  customer_id bigint(20) unsigned DEFAULT NULL, date_created datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  product_qty int(11) NOT NULL, product_net_revenue double NOT NULL DEFAULT 0,
  product_gross_revenue double NOT NULL DEFAULT 0, coupon_amount double NOT NULL DEFAULT 0,
  PRIMARY KEY (order_item_id), KEY order_id (order_id), KEY product_id (product_id), KEY customer_id (customer_id)
);
