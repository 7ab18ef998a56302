"""How a run was spread over machines, where its report is to say so."""

READ_AT_MOMENTS_OF_THEIR_OWN = (
    "Several workers read the shop, each at a moment of its own: orders that were entered, changed "
    "or deleted meanwhile may be told in part."
)
