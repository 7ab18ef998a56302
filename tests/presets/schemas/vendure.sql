-- Vendure's tables that matter to orders on PostgreSQL, typed from its public entities and migrations.

CREATE TABLE customer (
  "createdAt" DATETIME_ NOT NULL DEFAULT now(), "updatedAt" DATETIME_ NOT NULL DEFAULT now(), "deletedAt" DATETIME_,
  title character varying, "firstName" character varying NOT NULL, "lastName" character varying NOT NULL,
  "phoneNumber" character varying, "emailAddress" character varying NOT NULL, id integer PRIMARY KEY, "userId" integer
);
CREATE TABLE "order" (
  "createdAt" DATETIME_ NOT NULL DEFAULT now(), "updatedAt" DATETIME_ NOT NULL DEFAULT now(),
  type character varying NOT NULL DEFAULT 'Regular', code character varying NOT NULL UNIQUE, state character varying NOT NULL,
  active boolean NOT NULL DEFAULT true, "orderPlacedAt" DATETIME_, "couponCodes" text NOT NULL, "shippingAddress" text NOT NULL,
  "billingAddress" text NOT NULL, "currencyCode" character varying NOT NULL, id integer PRIMARY KEY, "aggregateOrderId" integer,
  "customerId" integer, "taxZoneId" integer, "subTotal" integer NOT NULL, "subTotalWithTax" integer NOT NULL,
  shipping integer NOT NULL DEFAULT 0, "shippingWithTax" integer NOT NULL DEFAULT 0
);
CREATE TABLE payment (
  "createdAt" DATETIME_ NOT NULL DEFAULT now(), "updatedAt" DATETIME_ NOT NULL DEFAULT now(), method character varying NOT NULL,
  state character varying NOT NULL, "errorMessage" character varying, "transactionId" character varying, metadata text NOT NULL,
  id integer PRIMARY KEY, amount integer NOT NULL, "orderId" integer
);
CREATE TABLE refund (
  "createdAt" DATETIME_ NOT NULL DEFAULT now(), "updatedAt" DATETIME_ NOT NULL DEFAULT now(), method character varying NOT NULL,
  reason character varying, state character varying NOT NULL, "transactionId" character varying, metadata text NOT NULL,
  id integer PRIMARY KEY, "paymentId" integer NOT NULL, items integer NOT NULL, shipping integer NOT NULL, adjustment integer NOT NULL,
  total integer NOT NULL
);
CREATE TABLE order_line (
  "createdAt" DATETIME_ NOT NULL DEFAULT now(), "updatedAt" DATETIME_ NOT NULL DEFAULT now(), quantity integer NOT NULL,
  "orderPlacedQuantity" integer NOT NULL DEFAULT 0, "listPriceIncludesTax" boolean NOT NULL, adjustments text NOT NULL,
  "taxLines" text NOT NULL, id integer PRIMARY KEY, "productVariantId" integer NOT NULL, "initialListPrice" integer,
  "listPrice" integer NOT NULL, "orderId" integer
);
CREATE TABLE product_variant (
  id integer PRIMARY KEY, enabled boolean NOT NULL DEFAULT true, sku character varying NOT NULL, "productId" integer,
  "deletedAt" DATETIME_
);
CREATE TABLE product_translation (
  id integer PRIMARY KEY, "languageCode" character varying NOT NULL, name character varying NOT NULL, slug character varying NOT NULL,
  description text NOT NULL, "baseId" integer
);
