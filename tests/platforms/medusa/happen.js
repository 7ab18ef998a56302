// Lets a Medusa shop go through events by its own workflows, as its admin and its storefront do.
// EVENTS names the file that tells them.

const fs = require("node:fs");
const { ContainerRegistrationKeys, Modules } = require("@medusajs/framework/utils");
const flows = require("@medusajs/medusa/core-flows");

const COUNTRIES = { eur: "de", usd: "us" };
const PAYMENT = "pp_system_default";
const FULFILMENT = "manual_manual";

exports.default = async function happen({ container }) {
  const run = async (workflow, input) => (await workflow(container).run({ input })).result;
  const query = container.resolve(ContainerRegistrationKeys.QUERY);
  const find = async (entity, fields, filters) => (await query.graph({ entity, fields, filters })).data;
  const shop = await openedShop(container, run, find);
  const told = JSON.parse(fs.readFileSync(process.env.EVENTS, "utf8"));
  const customers = await registered(container, told.accounts);
  for (const order of told.orders) {
    const id = await placed(run, shop, order, customers[order.account]);
    for (const [what, amount] of order.events) {
      if (HAPPENINGS[what]) await HAPPENINGS[what]({ container, run, find, id, amount });
    }
  }
  await run(flows.deleteCustomersWorkflow, { ids: told.erased.map((number) => customers[number]) });
};

/** Make what a shop needs before it can sell: regions, a shelf, a parcel service and a shirt. */
async function openedShop(container, run, find) {
  const [channel] = await run(flows.createSalesChannelsWorkflow, { salesChannelsData: [{ name: "Web" }] });
  const regions = await run(flows.createRegionsWorkflow, {
    regions: Object.entries(COUNTRIES).map(([currency_code, country]) => {
      return { name: currency_code, currency_code, countries: [country], payment_providers: [PAYMENT] };
    }),
  });
  const [profile] = await find("shipping_profile", ["id"]);
  const parcel = await parcelService(container, run, profile, channel);
  const [shirt] = await run(flows.createProductsWorkflow, {
    products: [
      {
        title: "Tee",
        status: "published",
        shipping_profile_id: profile.id,
        options: [{ title: "Size", values: ["M"] }],
        variants: [{ title: "M", manage_inventory: false, options: { Size: "M" }, prices: inEach(10) }],
        sales_channels: [{ id: channel.id }],
      },
    ],
  });
  const regionOf = Object.fromEntries(regions.map((region) => [region.currency_code, region.id]));
  return { channel: channel.id, regionOf, parcel: parcel.id, variant: shirt.variants[0].id };
}

async function parcelService(container, run, profile, channel) {
  const link = container.resolve(ContainerRegistrationKeys.LINK);
  const [shelf] = await run(flows.createStockLocationsWorkflow, { locations: [{ name: "Shelf" }] });
  const [set] = await container.resolve(Modules.FULFILLMENT).createFulfillmentSets([
    {
      name: "Parcels",
      type: "shipping",
      service_zones: [{ name: "All", geo_zones: Object.values(COUNTRIES).map(asZone) }],
    },
  ]);
  const there = { [Modules.STOCK_LOCATION]: { stock_location_id: shelf.id } };
  await link.create([
    { ...there, [Modules.FULFILLMENT]: { fulfillment_provider_id: FULFILMENT } },
    { ...there, [Modules.FULFILLMENT]: { fulfillment_set_id: set.id } },
  ]);
  await run(flows.linkSalesChannelsToStockLocationWorkflow, { id: shelf.id, add: [channel.id] });
  const [parcel] = await run(flows.createShippingOptionsWorkflow, [
    {
      name: "Parcel",
      price_type: "flat",
      provider_id: FULFILMENT,
      service_zone_id: set.service_zones[0].id,
      shipping_profile_id: profile.id,
      type: { label: "Parcel", description: "Parcel", code: "parcel" },
      prices: inEach(0),
    },
  ]);
  return parcel;
}

const asZone = (country_code) => ({ type: "country", country_code });
const inEach = (amount) => Object.keys(COUNTRIES).map((currency_code) => ({ currency_code, amount }));

/** Return the ids of new accounts by their number. */
async function registered(container, accounts) {
  const customers = container.resolve(Modules.CUSTOMER);
  const ids = {};
  for (const { number, ...person } of accounts) {
    ids[number] = (await customers.createCustomers({ ...person, has_account: true })).id;
  }
  return ids;
}

/** Place an order, or leave it in the cart or as a draft; return its id. */
async function placed(run, shop, order, customer_id) {
  const [first, second] = order.events.map(([what]) => what);
  const [, amount] = order.events[0] ?? [null, 20];
  const head = {
    region_id: shop.regionOf[order.currency],
    sales_channel_id: shop.channel,
    email: order.email ?? undefined,
    customer_id,
    shipping_address: {
      first_name: "F",
      last_name: "L",
      address_1: "A",
      city: "C",
      postal_code: "1",
      country_code: COUNTRIES[order.currency],
    },
    items: [{ variant_id: shop.variant, title: "Tee", quantity: 2, unit_price: amount / 2 }],
  };
  if (first && second && second !== "cancelled") return bought(run, shop, head);
  if (!first && order.number % 2) return void (await run(flows.createCartWorkflow, head));
  const draft = first ? {} : { is_draft_order: true, status: "draft" };
  return (await run(flows.createOrderWorkflow, { ...head, currency_code: order.currency, ...draft })).id;
}

/** Go to the checkout, where the payment is authorised. */
async function bought(run, shop, head) {
  const { id: cart_id } = await run(flows.createCartWorkflow, head);
  await run(flows.addShippingMethodToCartWorkflow, { cart_id, options: [{ id: shop.parcel }] });
  const payments = await run(flows.createPaymentCollectionForCartWorkflow, { cart_id });
  await run(flows.createPaymentSessionsWorkflow, { payment_collection_id: payments.id, provider_id: PAYMENT });
  return (await run(flows.completeCartWorkflow, { id: cart_id })).id;
}

const HAPPENINGS = {
  async paid({ run, find, id, amount }) {
    const payment = await paymentOf(find, id);
    if (payment) return run(flows.capturePaymentWorkflow, { payment_id: payment.id, amount });
    // An edit calls off what was authorised, and asks for the new sum.
    const [order] = await find("order", ["payment_collections.*"], { id });
    const open = order.payment_collections.find((one) => one.status === "not_paid");
    await run(flows.markPaymentCollectionAsPaid, { order_id: id, payment_collection_id: open.id });
  },

  async refunded({ run, find, id, amount }) {
    await run(flows.refundPaymentWorkflow, { payment_id: (await paymentOf(find, id)).id, amount });
  },

  async cancelled({ run, id }) {
    await run(flows.cancelOrderWorkflow, { order_id: id });
  },

  async shipped({ run, find, id }) {
    const items = await itemsOf(find, id);
    const { id: fulfillment_id } = await run(flows.createOrderFulfillmentWorkflow, { order_id: id, items });
    await run(flows.createOrderShipmentWorkflow, { order_id: id, fulfillment_id, items, labels: [] });
  },

  async edited({ run, find, id, amount }) {
    const [{ id: item }] = await itemsOf(find, id);
    await run(flows.beginOrderEditOrderWorkflow, { order_id: id });
    const items = [{ id: item, quantity: 2, unit_price: amount / 2 }];
    await run(flows.orderEditUpdateItemQuantityWorkflow, { order_id: id, items });
    await run(flows.requestOrderEditRequestWorkflow, { order_id: id });
    await run(flows.confirmOrderEditRequestWorkflow, { order_id: id });
  },

  async returned({ run, find, id }) {
    const [{ id: item }] = await itemsOf(find, id);
    const items = [{ id: item, quantity: 1 }];
    const { return_id } = await run(flows.beginReturnOrderWorkflow, { order_id: id });
    await run(flows.requestItemReturnWorkflow, { return_id, items });
    await run(flows.confirmReturnRequestWorkflow, { return_id });
    await run(flows.beginReceiveReturnWorkflow, { return_id });
    await run(flows.receiveItemReturnRequestWorkflow, { return_id, items });
    await run(flows.confirmReturnReceiveWorkflow, { return_id });
  },

  async deleted({ container, id }) {
    await container.resolve(Modules.ORDER).softDeleteOrders([id]);
  },
};

async function paymentOf(find, id) {
  const [order] = await find("order", ["payment_collections.payments.*"], { id });
  return order.payment_collections.flatMap((one) => one.payments).find((one) => !one.canceled_at);
}

/** Return an order's one line, of two shirts. */
async function itemsOf(find, id) {
  const [order] = await find("order", ["items.id"], { id });
  return order.items.map((one) => ({ id: one.id, quantity: 2 }));
}
