-- Bagisto's tables that matter to orders, typed from its public migrations (utf8mb4_unicode_ci).

CREATE TABLE customers (
  id int unsigned NOT NULL AUTO_INCREMENT, first_name varchar(191) NOT NULL, last_name varchar(191) NOT NULL,
  gender varchar(50) DEFAULT NULL, date_of_birth date DEFAULT NULL, email varchar(191) DEFAULT NULL, phone varchar(191) DEFAULT NULL,
  status tinyint NOT NULL DEFAULT 1, customer_group_id int unsigned DEFAULT NULL, channel_id int unsigned DEFAULT NULL,
  is_verified tinyint(1) NOT NULL DEFAULT 0, is_suspended tinyint unsigned NOT NULL DEFAULT 0, created_at timestamp NULL DEFAULT NULL,
  updated_at timestamp NULL DEFAULT NULL, PRIMARY KEY (id), UNIQUE KEY customers_email_unique (email)
);
CREATE TABLE orders (
  id int unsigned NOT NULL AUTO_INCREMENT, increment_id varchar(191) NOT NULL, status varchar(191) DEFAULT NULL,
  channel_name varchar(191) DEFAULT NULL, is_guest tinyint(1) DEFAULT NULL, customer_email varchar(191) DEFAULT NULL,
  customer_first_name varchar(191) DEFAULT NULL, customer_last_name varchar(191) DEFAULT NULL, is_gift tinyint(1) NOT NULL DEFAULT 0,
  total_item_count int DEFAULT NULL, total_qty_ordered int DEFAULT NULL, base_currency_code varchar(191) DEFAULT NULL,
  channel_currency_code varchar(191) DEFAULT NULL, order_currency_code varchar(191) DEFAULT NULL,
  grand_total decimal(12,4) DEFAULT 0, base_grand_total decimal(12,4) DEFAULT 0, grand_total_invoiced decimal(12,4) DEFAULT 0,
  base_grand_total_invoiced decimal(12,4) DEFAULT 0, grand_total_refunded decimal(12,4) DEFAULT 0,
  base_grand_total_refunded decimal(12,4) DEFAULT 0, customer_id int unsigned DEFAULT NULL, customer_type varchar(191) DEFAULT NULL,
  channel_id int unsigned DEFAULT NULL, channel_type varchar(191) DEFAULT NULL, cart_id int DEFAULT NULL,
  created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL,
  PRIMARY KEY (id), UNIQUE KEY orders_increment_id_unique (increment_id), KEY orders_customer_id_foreign (customer_id),
  KEY orders_channel_id_foreign (channel_id)
);
CREATE TABLE order_items (
  id int unsigned NOT NULL AUTO_INCREMENT, sku varchar(191) DEFAULT NULL, type varchar(191) DEFAULT NULL, name varchar(191) DEFAULT NULL,
  qty_ordered int DEFAULT 0, qty_shipped int DEFAULT 0, qty_invoiced int DEFAULT 0, qty_canceled int DEFAULT 0, qty_refunded int DEFAULT 0,
  price decimal(12,4) NOT NULL DEFAULT 0, base_price decimal(12,4) NOT NULL DEFAULT 0, total decimal(12,4) NOT NULL DEFAULT 0,
  base_total decimal(12,4) NOT NULL DEFAULT 0, base_amount_refunded decimal(12,4) NOT NULL DEFAULT 0,
  product_id int unsigned DEFAULT NULL, product_type varchar(191) DEFAULT NULL, order_id int unsigned DEFAULT NULL,
  parent_id int unsigned DEFAULT NULL, created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL,
  PRIMARY KEY (id), KEY order_items_order_id_foreign (order_id), KEY order_items_parent_id_foreign (parent_id)
);
