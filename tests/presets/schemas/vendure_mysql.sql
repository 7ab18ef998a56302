-- Vendure's tables that matter to orders on MySQL and MariaDB, typed from its public entities.

CREATE TABLE customer (
  createdAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), updatedAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), deletedAt datetime(6) DEFAULT NULL,
  title varchar(255), firstName varchar(255) NOT NULL, lastName varchar(255) NOT NULL,
  phoneNumber varchar(255), emailAddress varchar(255) NOT NULL, id int PRIMARY KEY, userId int
);
CREATE TABLE `order` (
  createdAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), updatedAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  type varchar(255) NOT NULL DEFAULT 'Regular', code varchar(255) NOT NULL UNIQUE, state varchar(255) NOT NULL,
  active tinyint NOT NULL DEFAULT 1, orderPlacedAt datetime(6) DEFAULT NULL, couponCodes text NOT NULL, shippingAddress text NOT NULL,
  billingAddress text NOT NULL, currencyCode varchar(255) NOT NULL, id int PRIMARY KEY, aggregateOrderId int,
  customerId int, taxZoneId int, subTotal int NOT NULL, subTotalWithTax int NOT NULL,
  shipping int NOT NULL DEFAULT 0, shippingWithTax int NOT NULL DEFAULT 0
);
CREATE TABLE payment (
  createdAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), updatedAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), method varchar(255) NOT NULL,
  state varchar(255) NOT NULL, errorMessage varchar(255), transactionId varchar(255), metadata text NOT NULL,
  id int PRIMARY KEY, amount int NOT NULL, orderId int
);
CREATE TABLE refund (
  createdAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), updatedAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), method varchar(255) NOT NULL,
  reason varchar(255), state varchar(255) NOT NULL, transactionId varchar(255), metadata text NOT NULL,
  id int PRIMARY KEY, paymentId int NOT NULL, items int NOT NULL, shipping int NOT NULL, adjustment int NOT NULL,
  total int NOT NULL
);
CREATE TABLE order_line (
  createdAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), updatedAt datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), quantity int NOT NULL,
  orderPlacedQuantity int NOT NULL DEFAULT 0, listPriceIncludesTax tinyint NOT NULL, adjustments text NOT NULL,
  taxLines text NOT NULL, id int PRIMARY KEY, productVariantId int NOT NULL, initialListPrice int,
  listPrice int NOT NULL, orderId int
);
CREATE TABLE product_variant (
  id int PRIMARY KEY, enabled tinyint NOT NULL DEFAULT 1, sku varchar(255) NOT NULL, productId int,
  deletedAt datetime(6) DEFAULT NULL
);
CREATE TABLE product_translation (
  id int PRIMARY KEY, languageCode varchar(255) NOT NULL, name varchar(255) NOT NULL, slug varchar(255) NOT NULL,
  description text NOT NULL, baseId int
);
