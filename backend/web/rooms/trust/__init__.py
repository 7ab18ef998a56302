"""Trust: how wrong the numbers were on this shop's own past."""
