-- ERPNext's tables that matter to orders, as Frappe makes them of its doctypes (utf8mb4_unicode_ci).

CREATE TABLE tabCustomer (
  name varchar(140) NOT NULL, creation datetime(6) DEFAULT NULL, modified datetime(6) DEFAULT NULL, owner varchar(140) DEFAULT NULL,
  docstatus int(1) NOT NULL DEFAULT 0, customer_name varchar(140) DEFAULT NULL, customer_type varchar(140) DEFAULT 'Company',
  customer_group varchar(140) DEFAULT NULL, default_currency varchar(140) DEFAULT NULL, is_internal_customer int(1) NOT NULL DEFAULT 0,
  email_id text DEFAULT NULL, mobile_no text DEFAULT NULL, disabled int(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (name), KEY modified (modified), KEY customer_name (customer_name)
);
CREATE TABLE tabCompany (
  name varchar(140) NOT NULL, company_name varchar(140) DEFAULT NULL, abbr varchar(140) DEFAULT NULL,
  default_currency varchar(140) DEFAULT NULL, PRIMARY KEY (name)
);
CREATE TABLE `tabPOS Profile` (
  name varchar(140) NOT NULL, docstatus int(1) NOT NULL DEFAULT 0, company varchar(140) DEFAULT NULL, customer varchar(140) DEFAULT NULL,
  disabled int(1) NOT NULL DEFAULT 0, PRIMARY KEY (name)
);
CREATE TABLE `tabSales Invoice` (
  name varchar(140) NOT NULL, creation datetime(6) DEFAULT NULL, modified datetime(6) DEFAULT NULL, docstatus int(1) NOT NULL DEFAULT 0,
  customer varchar(140) DEFAULT NULL, customer_name text DEFAULT NULL, posting_date date DEFAULT NULL, posting_time time(6) DEFAULT NULL,
  company varchar(140) DEFAULT NULL, is_pos int(1) NOT NULL DEFAULT 0, is_consolidated int(1) NOT NULL DEFAULT 0,
  is_return int(1) NOT NULL DEFAULT 0, return_against varchar(140) DEFAULT NULL, is_debit_note int(1) NOT NULL DEFAULT 0,
  currency varchar(140) DEFAULT NULL, conversion_rate decimal(21,9) NOT NULL DEFAULT 0,
  base_grand_total decimal(21,9) NOT NULL DEFAULT 0, grand_total decimal(21,9) NOT NULL DEFAULT 0,
  outstanding_amount decimal(21,9) NOT NULL DEFAULT 0, amended_from varchar(140) DEFAULT NULL,
  status varchar(140) DEFAULT 'Draft', is_opening varchar(140) DEFAULT 'No',
  PRIMARY KEY (name), KEY customer (customer), KEY posting_date (posting_date), KEY return_against (return_against)
);
CREATE TABLE `tabSales Invoice Item` (
  name varchar(140) NOT NULL, parent varchar(140) DEFAULT NULL, parentfield varchar(140) DEFAULT NULL, parenttype varchar(140) DEFAULT NULL,
  idx int(8) NOT NULL DEFAULT 0, item_code varchar(140) DEFAULT NULL, item_name varchar(140) DEFAULT NULL, brand varchar(140) DEFAULT NULL,
  qty decimal(21,9) NOT NULL DEFAULT 0, rate decimal(21,9) NOT NULL DEFAULT 0, base_rate decimal(21,9) NOT NULL DEFAULT 0,
  PRIMARY KEY (name), KEY parent (parent), KEY item_code (item_code)
);
CREATE TABLE `tabPOS Invoice` (
  name varchar(140) NOT NULL, creation datetime(6) DEFAULT NULL, modified datetime(6) DEFAULT NULL, docstatus int(1) NOT NULL DEFAULT 0,
  customer varchar(140) DEFAULT NULL, posting_date date DEFAULT NULL, posting_time time(6) DEFAULT NULL, company varchar(140) DEFAULT NULL,
  is_pos int(1) NOT NULL DEFAULT 1, is_return int(1) NOT NULL DEFAULT 0, return_against varchar(140) DEFAULT NULL,
  consolidated_invoice varchar(140) DEFAULT NULL, currency varchar(140) DEFAULT NULL, conversion_rate decimal(21,9) NOT NULL DEFAULT 0,
  base_grand_total decimal(21,9) NOT NULL DEFAULT 0, grand_total decimal(21,9) NOT NULL DEFAULT 0, status varchar(140) DEFAULT 'Draft',
  PRIMARY KEY (name), KEY customer (customer), KEY posting_date (posting_date), KEY return_against (return_against)
);
CREATE TABLE `tabPOS Invoice Item` (
  name varchar(140) NOT NULL, parent varchar(140) DEFAULT NULL, idx int(8) NOT NULL DEFAULT 0, item_code varchar(140) DEFAULT NULL,
  item_name varchar(140) DEFAULT NULL, brand varchar(140) DEFAULT NULL, qty decimal(21,9) NOT NULL DEFAULT 0,
  rate decimal(21,9) NOT NULL DEFAULT 0, base_rate decimal(21,9) NOT NULL DEFAULT 0, PRIMARY KEY (name), KEY parent (parent)
);
