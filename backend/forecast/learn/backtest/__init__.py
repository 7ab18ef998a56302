"""How good the forecast is on the shop's own past, beside the simple rules it has to beat."""
