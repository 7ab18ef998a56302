-- Medusa 2's tables that matter to orders, typed from its public migrations.

CREATE TABLE customer (
  id text NOT NULL, company_name text NULL, first_name text NULL, last_name text NULL, email text NULL, phone text NULL,
  has_account boolean NOT NULL DEFAULT false, metadata jsonb NULL, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz NULL, created_by text NULL, PRIMARY KEY (id)
);
CREATE UNIQUE INDEX customer_email_account ON customer (email, has_account) WHERE deleted_at IS NULL AND has_account;
CREATE TABLE "order" (
  id text NOT NULL, region_id text NULL, display_id serial, customer_id text NULL, version integer NOT NULL DEFAULT 1,
  sales_channel_id text NULL, status text NOT NULL DEFAULT 'pending', is_draft_order boolean NOT NULL DEFAULT false, email text NULL,
  currency_code text NOT NULL, metadata jsonb NULL, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz NULL, canceled_at timestamptz NULL, PRIMARY KEY (id)
);
CREATE TABLE order_summary (
  id text NOT NULL, order_id text NOT NULL, version integer NOT NULL DEFAULT 1, totals jsonb NULL,
  created_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz NULL, PRIMARY KEY (id)
);
CREATE TABLE order_item (
  id text NOT NULL, order_id text NOT NULL, version integer NOT NULL, item_id text NOT NULL, unit_price numeric NULL,
  quantity numeric NOT NULL, raw_quantity jsonb NOT NULL DEFAULT '{}', fulfilled_quantity numeric NOT NULL DEFAULT 0,
  deleted_at timestamptz NULL, PRIMARY KEY (id)
);
CREATE TABLE order_line_item (
  id text NOT NULL, title text NOT NULL, product_id text NULL, product_title text NULL, variant_id text NULL,
  unit_price numeric NOT NULL, metadata jsonb NULL, deleted_at timestamptz NULL, PRIMARY KEY (id)
);
