"""How a file writes dates and amounts: what each text may mean, and which of it holds for all."""
