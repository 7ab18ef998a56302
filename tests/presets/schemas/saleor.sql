-- Saleor's tables that matter to orders, typed from its public models.

CREATE TABLE account_user (
  id serial PRIMARY KEY, is_superuser boolean NOT NULL DEFAULT false, email varchar(254) NOT NULL UNIQUE,
  is_staff boolean NOT NULL DEFAULT false, is_active boolean NOT NULL DEFAULT true, password varchar(128) NOT NULL DEFAULT '',
  first_name varchar(256) NOT NULL DEFAULT '', last_name varchar(256) NOT NULL DEFAULT '', date_joined timestamptz NOT NULL,
  updated_at timestamptz NOT NULL, number_of_orders integer NOT NULL DEFAULT 0
);
CREATE TABLE order_order (
  id uuid PRIMARY KEY, number integer NOT NULL UNIQUE, status varchar(32) NOT NULL, charge_status varchar(32) NOT NULL DEFAULT 'none',
  authorize_status varchar(32) NOT NULL DEFAULT 'none', origin varchar(32) NOT NULL DEFAULT 'checkout', user_id integer NULL,
  user_email varchar(254) NOT NULL DEFAULT '', currency varchar(3) NOT NULL, channel_id integer NOT NULL DEFAULT 1,
  total_net_amount numeric(20,3) NOT NULL DEFAULT 0, total_gross_amount numeric(20,3) NOT NULL DEFAULT 0,
  total_charged_amount numeric(20,3) NOT NULL DEFAULT 0, total_authorized_amount numeric(20,3) NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
);
CREATE TABLE order_orderline (
  id uuid PRIMARY KEY, order_id uuid NOT NULL, variant_id integer NULL, product_name varchar(386) NOT NULL, quantity integer NOT NULL,
  quantity_fulfilled integer NOT NULL DEFAULT 0, unit_price_gross_amount numeric(20,3) NOT NULL, currency varchar(3) NOT NULL
);
CREATE TABLE product_productvariant (id serial PRIMARY KEY, product_id integer NOT NULL, sku varchar(255) NULL);
