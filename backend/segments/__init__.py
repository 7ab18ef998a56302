"""Who behaves alike: what tells and explains the segment of a customer. `learn` finds segments."""
