"""Orders, spend and churn of every customer, learnt, with the proof of how good they are."""
