-- Shopware 5's tables that matter to orders, typed from their public schema (utf8_unicode_ci).

CREATE TABLE s_user (
  id int(11) NOT NULL AUTO_INCREMENT, email varchar(70) NOT NULL, active int(1) NOT NULL DEFAULT 0,
  accountmode int(11) NOT NULL DEFAULT 0, firstlogin date DEFAULT NULL, lastlogin datetime DEFAULT NULL,
  customergroup varchar(15) NOT NULL DEFAULT 'EK', subshopID int(11) NOT NULL DEFAULT 1, firstname varchar(255) DEFAULT NULL,
  lastname varchar(255) DEFAULT NULL, customernumber varchar(30) DEFAULT NULL, changed datetime DEFAULT NULL,
  PRIMARY KEY (id), KEY email (email), KEY firstlogin (firstlogin)
);
CREATE TABLE s_core_states (
  id int(11) NOT NULL, name varchar(55) DEFAULT NULL, description varchar(255) NOT NULL, position int(11) NOT NULL,
  `group` varchar(255) NOT NULL, mail int(1) NOT NULL DEFAULT 0, PRIMARY KEY (id)
);
CREATE TABLE s_core_currencies (
  id int(11) NOT NULL AUTO_INCREMENT, currency varchar(255) NOT NULL, name varchar(255) NOT NULL, standard int(1) NOT NULL,
  factor double NOT NULL, templatechar varchar(255) NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE s_order (
  id int(11) NOT NULL AUTO_INCREMENT, ordernumber varchar(255) DEFAULT NULL, userID int(11) DEFAULT NULL,
  invoice_amount double NOT NULL DEFAULT 0, invoice_amount_net double NOT NULL DEFAULT 0, invoice_shipping double NOT NULL DEFAULT 0,
  ordertime datetime DEFAULT NULL, status int(11) NOT NULL DEFAULT 0, cleared int(11) NOT NULL DEFAULT 0,
  paymentID int(11) NOT NULL DEFAULT 0, transactionID varchar(255) NOT NULL DEFAULT '', net int(1) NOT NULL DEFAULT 0,
  taxfree int(11) NOT NULL DEFAULT 0, temporaryID varchar(255) NOT NULL DEFAULT '', cleareddate datetime DEFAULT NULL,
  language varchar(10) NOT NULL DEFAULT '1', currency varchar(5) NOT NULL, currencyFactor double NOT NULL,
  subshopID int(11) NOT NULL DEFAULT 1, changed datetime DEFAULT NULL,
  PRIMARY KEY (id), KEY userID (userID), KEY ordertime (ordertime), KEY cleared (cleared), KEY status (status),
  KEY ordernumber (ordernumber)
);
CREATE TABLE s_order_details (
  id int(11) NOT NULL AUTO_INCREMENT, orderID int(11) NOT NULL DEFAULT 0, ordernumber varchar(255) DEFAULT '',
  articleID int(11) NOT NULL DEFAULT 0, articleordernumber varchar(255) NOT NULL DEFAULT '', price double NOT NULL DEFAULT 0,
  quantity int(11) NOT NULL DEFAULT 0, name varchar(255) NOT NULL, status int(1) NOT NULL DEFAULT 0, shipped int(11) NOT NULL DEFAULT 0,
  modus int(11) NOT NULL, tax_rate double NOT NULL DEFAULT 0, articleDetailID int(11) unsigned DEFAULT NULL,
  PRIMARY KEY (id), KEY orderID (orderID), KEY articleID (articleID)
);
CREATE TABLE s_articles (
  id int(11) unsigned NOT NULL AUTO_INCREMENT, supplierID int(11) unsigned DEFAULT NULL, name varchar(255) NOT NULL,
  active int(1) unsigned NOT NULL DEFAULT 0, PRIMARY KEY (id), KEY supplierID (supplierID)
);
CREATE TABLE s_articles_supplier (id int(11) unsigned NOT NULL AUTO_INCREMENT, name varchar(100) NOT NULL, PRIMARY KEY (id));
