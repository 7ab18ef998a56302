"""The shop's database, only ever read: who its customers are, what they ordered, what is in it."""
