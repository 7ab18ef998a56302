-- Odoo's tables that matter to orders, typed from its public models.

CREATE TABLE res_currency (id serial PRIMARY KEY, name varchar NOT NULL, active boolean);
CREATE TABLE res_company (id serial PRIMARY KEY, name varchar NOT NULL, currency_id integer NOT NULL, partner_id integer NOT NULL);
CREATE TABLE res_partner (
  id serial PRIMARY KEY, name varchar, email varchar, parent_id integer, commercial_partner_id integer, type varchar,
  is_company boolean, active boolean, customer_rank integer, supplier_rank integer, create_date timestamp, write_date timestamp
);
CREATE TABLE sale_order (
  id serial PRIMARY KEY, name varchar NOT NULL, partner_id integer NOT NULL, state varchar, date_order timestamp NOT NULL,
  amount_untaxed numeric, amount_tax numeric, amount_total numeric, currency_id integer, currency_rate numeric,
  invoice_status varchar, company_id integer NOT NULL, create_date timestamp, write_date timestamp
);
CREATE TABLE sale_order_line (
  id serial PRIMARY KEY, order_id integer NOT NULL, product_id integer, name text NOT NULL, product_uom_qty numeric NOT NULL,
  price_unit numeric NOT NULL, price_total numeric, display_type varchar, is_downpayment boolean, state varchar
);
CREATE TABLE sale_order_line_invoice_rel (invoice_line_id integer NOT NULL, order_line_id integer NOT NULL, PRIMARY KEY (invoice_line_id, order_line_id));
CREATE TABLE account_move (
  id serial PRIMARY KEY, name varchar, move_type varchar NOT NULL, state varchar NOT NULL, partner_id integer, amount_total numeric, date date
);
CREATE TABLE account_move_line (id serial PRIMARY KEY, move_id integer NOT NULL, name varchar, price_total numeric, quantity numeric);
CREATE TABLE product_template (id serial PRIMARY KEY, name jsonb NOT NULL, active boolean);
CREATE TABLE product_product (id serial PRIMARY KEY, product_tmpl_id integer NOT NULL, default_code varchar);
CREATE TABLE pos_order (
  id serial PRIMARY KEY, name varchar NOT NULL, partner_id integer, state varchar, date_order timestamp, amount_tax numeric NOT NULL,
  amount_total numeric NOT NULL, amount_paid numeric NOT NULL, currency_rate numeric, company_id integer NOT NULL, session_id integer,
  is_refund boolean
);
CREATE TABLE pos_order_line (
  id serial PRIMARY KEY, order_id integer NOT NULL, product_id integer NOT NULL, full_product_name varchar, qty numeric,
  price_unit numeric, price_subtotal_incl numeric NOT NULL, refunded_orderline_id integer, sale_order_origin_id integer,
  sale_order_line_id integer
);
