"""What people call their columns, in five languages; the first of each column is the likeliest."""

import re
from collections.abc import Mapping

from backend.files.notation.months import bare

ORDERS: Mapping[str, str] = {
    "order_id": """
        order_id, order id, orderid, id_order, order no, order nr, order key, transaction id,
        invoice, invoice no, invoice number, invoiceno, receipt no, bestell_id, bestellid,
        bestellnr, bestell nr, bestellnummer, auftragsnr, auftragsnummer, auftrags id,
        rechnungsnr, rechnungsnummer, id commande, n commande, no commande, numero de commande,
        numero commande, commande, ref commande, id pedido, n pedido, no pedido, num pedido,
        numero de pedido, pedido, id ordine, n ordine, numero ordine, numero d ordine, ordine,
        order, order number, order reference, sale id, sales order, id""",
    "order_number": "order_number, order name, name, number, nummer, numero",
    "created_at": """
        created_at, order date, date created, created, created on, creation date, placed at,
        placed on, purchase date, invoice date, invoicedate, transaction date, sale date,
        ordered at, date, datetime, timestamp, bestelldatum, auftragsdatum, rechnungsdatum,
        kaufdatum, erstellt, erstellt am, datum, date de commande, date commande, date de
        creation, date d achat, fecha de pedido, fecha pedido, fecha del pedido, fecha de
        compra, fecha de creacion, fecha, data ordine, data dell ordine, data acquisto, data
        creazione, data""",
    "total_price": """
        total_price, order total, total amount, grand total, total paid, total, amount, order
        amount, order value, revenue, gesamtbetrag, gesamtsumme, gesamtpreis, bestellsumme,
        bestellwert, rechnungsbetrag, endbetrag, umsatz, summe, betrag, gesamt, total ttc,
        montant total, montant ttc, montant, total commande, total de la commande, total pedido,
        importe total, total del pedido, importe, totale ordine, importo totale, totale, importo""",
    "refunded_amount": """
        refunded_amount, amount refunded, refunded, refund, refund amount, refunds, total
        refunded, erstattet, erstattung, erstattungsbetrag, ruckerstattung, rembourse, montant
        rembourse, remboursement, reembolsado, reembolso, importe reembolsado, rimborsato,
        rimborso, importo rimborsato""",
    "refund_of": """
        refund_of, parent_id, parent order id, refunded order id, original order id, parent
        order""",
    "currency": """
        currency, currency code, order currency, wahrung, waehrung, devise, moneda, divisa,
        valuta""",
    "financial_status": """
        financial_status, payment status, status, order status, state, zahlungsstatus,
        bestellstatus, statut, etat, statut de paiement, statut commande, estado, estado de
        pago, estado del pedido, stato, stato pagamento, stato ordine""",
    "fulfillment_status": """
        fulfillment_status, shipping status, delivery status, versandstatus, lieferstatus,
        statut de livraison, estado de envio, stato spedizione""",
    "customer_id": """
        customer_id, customer id, customerid, customer no, customer number, customer, client id,
        user id, userid, buyer id, kunden id, kundenid, kundennr, kunden nr, kundennummer,
        kunde, id client, n client, numero client, numero de client, client, id cliente, n
        cliente, num cliente, numero de cliente, cliente, codice cliente""",
    "email": """
        email, e mail, email address, mail, customer email, billing email, buyer email, contact
        email, e mail adresse, mailadresse, kunden email, adresse e mail, courriel, correo,
        correo electronico, email cliente, email del cliente, indirizzo email, posta elettronica""",
    "phone": """
        phone, phone number, telephone, mobile, customer phone, billing phone, telefon,
        telefonnummer, handy, mobil, tel, numero de telephone, portable, telefono, movil, numero
        de telefono, cellulare""",
    "country": """
        country, country code, billing country, shipping country, land, landercode, pays, code
        pays, pais, codigo pais, paese, nazione""",
    "first_name": """
        first_name, firstname, given name, billing first name, vorname, prenom, nombre, nome""",
    "last_name": """
        last_name, lastname, surname, family name, billing last name, nachname, familienname,
        nom de famille, nom, apellido, apellidos, cognome""",
    "name": """
        customer name, full name, billing name, buyer name, kundenname, nom du client, nom
        complet, nombre completo, nombre del cliente, nome cliente, nome completo""",
    "product_id": """
        product_id, product id, sku, item sku, stockcode, stock code, article no, artikel id,
        artikelnr, artikelnummer, id produit, reference produit, reference, ref, id producto,
        referencia, id prodotto, codice prodotto, codice articolo""",
    "product_title": """
        product_title, product, product name, item, item name, description, title, artikel,
        artikelname, produkt, produktname, bezeichnung, produit, nom du produit, article,
        designation, producto, nombre del producto, articulo, prodotto, nome prodotto, articolo,
        descrizione""",
    "quantity": """
        quantity, qty, item quantity, units, menge, anzahl, stuck, quantite, qte, cantidad,
        unidades, quantita, qta""",
    "price": """
        price, unit price, unitprice, item price, einzelpreis, stuckpreis, preis, prix unitaire,
        prix, precio unitario, precio, prezzo unitario, prezzo""",
    "vendor": """
        vendor, brand, supplier, manufacturer, marke, hersteller, marque, marca, proveedor,
        fornitore""",
    "payment_method": """
        payment_method, payment method, payment, zahlungsart, zahlungsmethode, mode de paiement,
        moyen de paiement, metodo de pago, forma de pago, metodo di pagamento""",
}
CUSTOMERS: Mapping[str, str] = {
    **{
        name: ORDERS[name]
        for name in ("customer_id", "email", "phone", "country", "first_name", "last_name")
    },
    "name": f"name, {ORDERS['name']}",
    "total_spent": """
        total_spent, lifetime spend, lifetime value, umsatz, gesamtumsatz, total depense, total
        gastado, totale speso""",
    "orders_count": """
        orders_count, total orders, number of orders, orders, bestellungen, anzahl bestellungen,
        nombre de commandes, numero de pedidos, pedidos, numero ordini, ordini""",
    "created_at": f"created_at, registered, registered at, member since, {ORDERS['created_at']}",
    "updated_at": "updated_at, date modified, modified, updated",
}
LINE_ITEMS: Mapping[str, str] = {
    "line_id": "line_id, line item id, order item id, item id, id",
    **{
        name: ORDERS[name]
        for name in ("order_id", "product_id", "product_title", "quantity", "price", "vendor")
    },
}


def plain_words(name: str) -> str:
    """Return a column's name in small letters, without accents or marks between its words."""
    return " ".join(re.findall(r"[^\W_]+", bare(name.replace("ß", "ss"))))


def _ranked(words: Mapping[str, str]) -> Mapping[str, tuple[str, int]]:
    """Return the column that each word means, and how early it stands there."""
    ranked: dict[str, tuple[str, int]] = {}
    for column, listed in words.items():
        for place, word in enumerate(listed.split(",")):
            ranked.setdefault(plain_words(word), (column, place))
    return ranked


RANKED = {
    "orders": _ranked(ORDERS),
    "customers": _ranked(CUSTOMERS),
    "line_items": _ranked(LINE_ITEMS),
}
